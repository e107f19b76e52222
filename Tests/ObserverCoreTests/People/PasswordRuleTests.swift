import Testing

@testable import ObserverCore

@Suite struct PasswordRuleTests {
    @Test(arguments: [
        "", "short", "ninechars", "password", "Password123", "P@ssw0rd2024", "passwordpassword", "Welcome2026!!",
        "administrator", "adminadmin12", "admin-password", "1234567890", "0987654321", "1111111111", "aaaaaaaaaaaa",
        "ABABABABABAB", "abcdabcdabcd", "qwertyuiop", "qwertyuiop123", "1q2w3e4r5t6y", "asdfghjkl123", "iloveyou!!!!",
        "camera2026!", "hikvision123", "Observer2026", "!!!security!!!", "abcdefghij", "zyxwvutsrqponm", "p4$$w0rd!!!!",
        "qwe123asd456", "letmeinplease", "12345678910", "1qaz2wsx3edc",
    ])
    func `what is guessed first is refused`(password: String) {
        #expect(PasswordRule.problem(password, of: "ada") != nil)
    }

    @Test(arguments: [
        "open sesame now", "correct horse battery", "brown-kettle-7", "Zw0lf Boxkämpfer", "x7Kq29mLp0Rt", "éèàùçôîêâû",
        "x9f2kq81mzt4", "a room with 4 doors",
    ])
    func `what is long and nobody's first guess is taken`(password: String) {
        #expect(PasswordRule.problem(password, of: "ada") == nil)
    }

    @Test func `a password is not the user's name, with or without a little around it`() {
        #expect(PasswordRule.problem("ada.lovelace", of: "Ada.Lovelace") != nil)
        #expect(PasswordRule.problem("Ada.Lovelace1815", of: "ada.lovelace") != nil)
        #expect(PasswordRule.problem("ada.lovelace draws Bernoulli", of: "ada.lovelace") == nil)
        #expect(PasswordRule.problem("brown-kettle-7", of: "b") == nil)
    }

    @Test func `the reason says how long a password has to be, and never repeats it`() throws {
        let problem = try #require(PasswordRule.problem("s3cretish", of: "ada"))
        #expect(problem.contains("10") && !problem.contains("s3cretish"))
        #expect(PasswordRule.problem(String(repeating: "ab1", count: 100), of: "ada") != nil)
    }

    @Test func `several hundred words are known`() {
        #expect(CommonPasswords.words.count > 400)
        #expect(CommonPasswords.words.allSatisfy { $0 == $0.lowercased() })
    }
}
