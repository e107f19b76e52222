import System

/// One numbered change of the schema: a file `NNNN_name.sql`.
///
/// The text may be divided into steps by lines `-- step: KIND NAME` (see ``MigrationStep/Kind``); without any it is one
/// transactional step. A line `-- compatible: yes` before the first statement declares that programs which do not know the
/// migration work on the schema it leaves behind.
package struct Migration: Hashable, Sendable {
    package let version: Int
    package let name: String
    package let steps: [MigrationStep]
    /// True if programs of the release before may use the schema that it leaves behind.
    package let isCompatible: Bool

    /// - Throws: `malformed`.
    package init(version: Int, name: String, text: String) throws(MigrationError) {
        self.version = version
        self.name = name
        var reader = MigrationReader(version: version, name: name)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { try reader.take(line) }
        (steps, isCompatible) = try reader.finish()
    }

    /// Reads all migrations of a directory, in order.
    ///
    /// - Parameter directory: Its files `NNNN_name.sql` count, numbered from 1 without a gap; others are passed over.
    /// - Returns: The migrations.
    /// - Throws: `unreadable`, `misnumbered`, `malformed`.
    package static func load(from directory: String) throws(MigrationError) -> [Migration] {
        let names: [String]
        do {
            names = try Directory.names(in: directory).filter { $0.hasSuffix(".sql") }
        } catch {
            throw MigrationError(.unreadable, error.detail)
        }
        var migrations: [Migration] = []
        for name in names.sorted() {
            let path = "\(directory)/\(name)"
            let parts = name.dropLast(4).split(separator: "_", maxSplits: 1)
            guard parts.count == 2, parts[0].utf8.count == 4, let version = Int(parts[0]),
                version == migrations.count + 1
            else { throw MigrationError(.misnumbered, path) }
            let text = try read(path)
            migrations.append(try Migration(version: version, name: String(parts[1]), text: text))
        }
        guard !migrations.isEmpty else { throw MigrationError(.unreadable, "\(directory) has none") }
        return migrations
    }

    private static func read(_ path: String) throws(MigrationError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try File.contents(of: path, followsLinks: true)
        } catch {
            throw MigrationError(.unreadable, error.detail)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MigrationError(.unreadable, "\(path) is not UTF-8")
        }
        return text
    }
}

/// Divides the text of a migration into steps.
private struct MigrationReader {
    private let version: Int
    private let name: String
    private var steps: [MigrationStep] = []
    private var present: (kind: MigrationStep.Kind, name: String)?
    private var lines: [Substring] = []
    private var hasStatement = false
    private var isCompatible = false

    init(version: Int, name: String) {
        self.version = version
        self.name = name
    }

    mutating func take(_ line: Substring) throws(MigrationError) {
        if let words = Self.words(line, after: "-- step:") {
            guard words.count == 2, let kind = MigrationStep.Kind(rawValue: String(words[0])),
                words[1].utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 })
            else { throw malformed("'\(line)' is not -- step: \(Self.kinds) NAME") }
            try endStep()
            present = (kind, String(words[1]))
        } else if let words = Self.words(line, after: "-- compatible:") {
            guard !hasStatement, present == nil, words == ["yes"] || words == ["no"] else {
                throw malformed("'\(line)' must be yes or no, before the first statement")
            }
            isCompatible = words == ["yes"]
        } else if !line.isEmpty, !line.hasPrefix("--") {
            hasStatement = true
        }
        lines.append(line)
    }

    mutating func finish() throws(MigrationError) -> ([MigrationStep], isCompatible: Bool) {
        if present == nil { present = (.transactional, name) }
        try endStep()
        return (steps, isCompatible)
    }

    /// Ends the step that was begun; what stands before the first one may only be comments.
    private mutating func endStep() throws(MigrationError) {
        defer { (lines, hasStatement) = ([], false) }
        guard let (kind, name) = present else {
            guard !hasStatement else { throw malformed("a statement stands before the first step") }
            return
        }
        // Blank lines at the end belong to the file, so that another step can follow.
        while lines.last?.isEmpty == true { lines.removeLast() }
        let step = MigrationStep(kind, name: name, text: lines.joined(separator: "\n"))
        if let problem = step.problem { throw malformed(problem) }
        guard !steps.contains(where: { $0.name == name }) else { throw malformed("there are two steps \(name)") }
        steps.append(step)
    }

    private func malformed(_ detail: String) -> MigrationError {
        MigrationError(.malformed, detail, version: version)
    }

    private static let kinds = MigrationStep.Kind.allCases.map(\.rawValue).joined(separator: "|")

    private static func words(_ line: Substring, after heading: String) -> [Substring]? {
        line.hasPrefix(heading) ? line.dropFirst(heading.count).split(separator: " ") : nil
    }
}
