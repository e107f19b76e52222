/// The rule for passwords that people choose: long enough, and not among the first that a stranger tries.
///
/// Length counts, not kinds of characters (NIST SP 800-63B, section 3.1.1.2): a rule for those makes `Password1!`.
package enum PasswordRule {
    package static let shortest = 10
    package static let longest = 256

    /// Judges a password.
    ///
    /// - Parameters:
    ///   - password: The password.
    ///   - name: The user's name.
    /// - Returns: The reason why it is refused, as a phrase that continues "the password"; nil: it is good.
    package static func problem(_ password: String, of name: String) -> String? {
        let length = password.unicodeScalars.count
        guard length >= shortest else { return "has \(length) characters; it needs \(shortest) or more" }
        guard length <= longest else { return "has more than \(longest) characters" }
        let plain = password.lowercased()
        let scalars = Array(plain.unicodeScalars)
        if Set(scalars).count == 1 { return "is one character again and again; choose another" }
        if length < 20, scalars.allSatisfy({ (48...57).contains($0.value) }) {
            return "is digits alone; choose another"
        }
        if isRepeated(scalars) { return "is a short piece again and again; choose another" }
        if isRun(scalars) { return "is a row of neighbouring keys, letters or digits; choose another" }
        let name = name.lowercased()
        if !name.isEmpty, plain.contains(name), length - name.unicodeScalars.count < shortest / 2 {
            return "is the user's name and little else; choose another"
        }
        if isCommon(plain) { return "is one of those that are guessed first; choose another" }
        return nil
    }

    /// True for a piece of up to four characters, over and over.
    private static func isRepeated(_ scalars: [Unicode.Scalar]) -> Bool {
        (2...4).contains { length in
            scalars.indices.allSatisfy { $0 < length || scalars[$0] == scalars[$0 - length] }
        }
    }

    private static let rows = [
        "01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm",
        "azertyuiop", "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn", "1q2w3e4r5t6y7u8i9o0p",
        "qazwsxedcrfvtgbyhnujm",
        "!@#$%^&*()", "qweasdzxc",
    ]

    /// True for text that is nothing but pieces, three characters or longer, of a row of keys or of the alphabet.
    private static func isRun(_ scalars: [Unicode.Scalar]) -> Bool {
        var rest = String(String.UnicodeScalarView(scalars))[...]
        while !rest.isEmpty {
            let longest = allRows.map { row in longestPiece(of: row, at: rest) }.max() ?? 0
            guard longest >= 3 else { return false }
            rest = rest.dropFirst(longest)
        }
        return true
    }

    private static let allRows = rows + rows.map { String($0.reversed()) }

    private static func longestPiece(of row: String, at text: Substring) -> Int {
        var length = 0
        while length < text.count, row.contains(text.prefix(length + 1)) { length += 1 }
        return length
    }

    /// True for a word that is guessed first, with or without digits and signs around it, and in the spelling `p4$$w0rd`.
    private static func isCommon(_ plain: String) -> Bool {
        let core = plain.drop { !$0.isLetter }
        guard let last = core.lastIndex(where: { $0.isLetter }) else { return false }
        let stem = String(core[...last])
        return [plain, stem, plainLetters(stem), plainLetters(plain)].contains { text in
            // "pass-word-2024", "adminadmin12", "welcome home!"
            let letters = text.filter(\.isLetter)
            return CommonPasswords.words.contains(letters) || isMadeOfWords(letters[...])
        }
    }

    /// True for two words at most, each guessed first: "adminpassword".
    private static func isMadeOfWords(_ letters: Substring) -> Bool {
        letters.indices.dropFirst().contains { index in
            CommonPasswords.words.contains(String(letters[..<index]))
                && CommonPasswords.words.contains(String(letters[index...]))
        }
    }

    private static func plainLetters(_ text: String) -> String {
        String(
            text.map { character -> Character in
                switch character {
                case "0": "o"
                case "1", "!", "|": "i"
                case "3": "e"
                case "4", "@": "a"
                case "5", "$": "s"
                case "7": "t"
                case "8": "b"
                default: character
                }
            }
        )
    }
}
