import Encodings
import Crypto

/// A part of a migration that is applied, and remembered, as one.
package struct MigrationStep: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The whole text in one transaction, together with the note that it was applied.
        case transactional
        /// One statement outside a transaction, such as `create index concurrently`.
        ///
        /// A `select` yields the statements to run, one a row, which is how an index comes to every partition of a table.
        case concurrent
        /// One statement over and over, each time in a transaction of its own, from where the one before ended.
        ///
        /// `:cursor` in the text stands for that place (text; null at first). The statement returns one row: the next place,
        /// null when nothing is left, and how many rows it changed.
        case batched
    }

    package let kind: Kind
    package let name: String
    package let text: String
    /// SHA-256 of kind and text in hex.
    package let checksum: String

    /// The stand-in for the place that a batched step has come to.
    static let cursor = ":cursor"

    init(_ kind: Kind, name: String, text: String) {
        self.kind = kind
        self.name = name
        self.text = text
        checksum = SHA256.hex("\(kind.rawValue)\n\(text)".utf8)
    }

    /// Returns the reason why the text can't be a step of this kind, or nil if there is none.
    var problem: String? {
        let words = Self.words(text)
        guard !words.isEmpty else { return "step \(name) has no statement" }
        switch kind {
        case .transactional:
            return nil
        case .concurrent:
            let createsIndex = ["index", "unique"].contains(words.dropFirst().first) && words[0] == "create"
            guard !createsIndex || Self.indexName(text) != nil else {
                return "step \(name) must create its index \"concurrently if not exists\", so that it can be repeated"
            }
            return nil
        case .batched:
            return text.contains(Self.cursor) ? nil : "step \(name) does not use \(Self.cursor)"
        }
    }

    /// Returns true if the text yields the statements to run instead of being one.
    var yieldsStatements: Bool { Self.words(text).first == "select" }

    /// Returns the name of the index that a statement creates concurrently, if it does and can be repeated.
    static func indexName(_ statement: String) -> String? {
        var words = words(statement)[...]
        func take(_ expected: String...) -> Bool {
            guard words.starts(with: expected) else { return false }
            words = words.dropFirst(expected.count)
            return true
        }
        guard take("create") else { return nil }
        _ = take("unique")
        guard take("index", "concurrently", "if", "not", "exists"), let name = words.first else { return nil }
        return name
    }

    /// Returns the words of a statement in lower case, without comments of whole lines.
    private static func words(_ statement: String) -> [String] {
        statement.split(separator: "\n")
            .filter { !$0.drop { $0 == " " }.hasPrefix("--") }
            .flatMap { $0.split(whereSeparator: \.isWhitespace) }
            .map { $0.lowercased() }
    }
}
