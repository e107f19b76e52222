import Testing

/// The rules of language that a test can hold: CONTRIBUTING.md has them all.
@Suite struct LanguageTests {
    private let sources = Tree.swift("Sources", "workers")

    /// First words that turn a description into a riddle: the thing described stands nowhere in the sentence.
    private static let riddles: Set = ["What", "Who", "Whether", "Makes", "Why", "Says", "Tells", "Lets"]

    @Test func `a doc comment begins with a noun or a verb`() {
        for file in sources + Tree.swift("Tests") {
            for (index, line) in file.lines.enumerated() {
                guard let text = Self.docComment(line), index == 0 || Self.docComment(file.lines[index - 1]) == nil
                else {
                    continue
                }
                let first = String(text.prefix { $0.isLetter })
                #expect(!Self.riddles.contains(first), "\(file):\(index + 1) begins with \"\(first)\"")
            }
        }
    }

    @Test func `functions with three or more parameters label them`() {
        for file in sources {
            for (line, parameters) in Self.parameterLists(file) where parameters.count >= 3 {
                let unlabelled = parameters.filter { $0.hasPrefix("_ ") }
                #expect(unlabelled.count < parameters.count, "\(file):\(line) labels none of its parameters")
            }
        }
    }

    @Test func `errors have one shape`() {
        for file in sources {
            for (index, line) in file.lines.enumerated() {
                let words = line.split(whereSeparator: { " :,{".contains($0) })
                guard let kind = words.firstIndex(where: { ["struct", "enum", "class"].contains($0) }),
                    words.count > kind + 1, words[kind + 1].hasSuffix("Error")
                else { continue }
                #expect(
                    line.contains("DescribedError"),
                    "\(file):\(index + 1): \(words[kind + 1]) is no DescribedError"
                )
            }
        }
    }

    @Test func `a log message is a short event`() {
        for file in sources {
            for (index, line) in file.lines.enumerated() {
                for call in ["logger.info(\"", "logger.warning(\"", "logger.error(\"", "logger.debug(\""] {
                    guard let range = line.firstRange(of: call) else { continue }
                    let message = line[range.upperBound...].prefix { $0 != "\"" }
                    let count = message.split(separator: " ").count
                    #expect(count <= 8, "\(file):\(index + 1): \"\(message)\" has \(count) words")
                    #expect(!message.contains("\\("), "\(file):\(index + 1): values belong into fields")
                }
            }
        }
    }

    private static func docComment(_ line: Substring) -> Substring? {
        let text = line.drop { $0 == " " }
        guard text.hasPrefix("///") else { return nil }
        return text.dropFirst(3).drop { $0 == " " }
    }

    /// The parameters of each function and initialiser, with the line it begins in.
    private static func parameterLists(_ file: Tree.File) -> [(line: Int, parameters: [Substring])] {
        var result: [(line: Int, parameters: [Substring])] = []
        for (index, line) in file.lines.enumerated() {
            let code = line.drop { $0 == " " }
            guard !code.hasPrefix("//"), let open = declarationParenthesis(code) else { continue }
            let text = ([open] + file.lines[(index + 1)...].prefix(40)).joined(separator: "\n")
            result.append((index + 1, split(text[...])))
        }
        return result
    }

    /// The text behind the parenthesis that opens a parameter list; nil where the line declares no function.
    private static func declarationParenthesis(_ code: Substring) -> Substring? {
        let words = code.split(separator: " ", maxSplits: 8)
        guard let keyword = words.firstIndex(where: { $0 == "func" || $0.hasPrefix("init(") || $0.hasPrefix("init?(") })
        else { return nil }
        let modifiers: Set = [
            "public", "package", "private", "fileprivate", "internal", "static", "mutating", "final", "consuming",
            "borrowing", "override", "required", "convenience", "nonisolated", "func", "@discardableResult",
        ]
        guard words[..<keyword].allSatisfy({ modifiers.contains(String($0)) }) else { return nil }
        guard let open = code.firstIndex(of: "(") else { return nil }
        return code[code.index(after: open)...]
    }

    /// Splits a parameter list at its top-level commas, up to the parenthesis that closes it.
    private static func split(_ text: Substring) -> [Substring] {
        var depth = 0
        var start = text.startIndex
        var result: [Substring] = []
        func trimmed(_ part: Substring) -> Substring { part.drop { $0 == " " || $0 == "\n" } }
        for index in text.indices {
            switch text[index] {
            case "(", "[", "<", "{": depth += 1
            case ")" where depth == 0:
                let last = trimmed(text[start..<index])
                return last.isEmpty ? result : result + [last]
            case ")", "]", "}": depth -= 1
            case ">" where index == text.startIndex || text[text.index(before: index)] != "-": depth -= 1
            case "," where depth == 0:
                result.append(trimmed(text[start..<index]))
                start = text.index(after: index)
            default: break
            }
        }
        return result
    }
}
