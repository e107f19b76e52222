package import Postgres

/// Why the schema could not be brought up to date; nothing was changed.
package struct MigrationError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        /// A file or the directory of migrations cannot be read, is empty, or is not UTF-8.
        case unreadable
        /// The files are not numbered 0001, 0002 … without a gap.
        case misnumbered
        /// A migration that was applied has another text now.
        case changed
        /// The database is at a version that this program does not know.
        case newer
        /// A migration failed.
        case failed
        /// The database could not be used.
        case database
    }

    package let kind: Kind
    package let path: String?
    package let version: Int?
    package let cause: PostgresError?

    package init(_ kind: Kind, path: String? = nil, version: Int? = nil, cause: PostgresError? = nil) {
        self.kind = kind
        self.path = path
        self.version = version
        self.cause = cause
    }

    package static func == (left: MigrationError, right: MigrationError) -> Bool {
        (left.kind, left.path, left.version) == (right.kind, right.path, right.version) && left.cause == right.cause
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(path)
        hasher.combine(version)
    }

    package var isTemporary: Bool { cause?.isTemporary ?? false }

    package var description: String {
        let number = version.map(String.init) ?? "?"
        return switch kind {
        case .unreadable: "cannot read migrations at \(path ?? "?")"
        case .misnumbered: "\(path ?? "?"): migrations are numbered 0001_name.sql, 0002_name.sql … without a gap"
        case .changed: "migration \(number) was applied with another text; released migrations must not be changed"
        case .newer: "the database has migration \(number), which this version does not know"
        // A migration's text is the project's own and holds no secrets, so what the server says of it may be shown.
        case .failed: "migration \(number) failed and was undone: \(cause.map(\.debugDescription) ?? "")"
        case .database: cause.map(\.description) ?? "the database cannot be used"
        }
    }

    /// What an operator does now.
    package var hint: String? {
        switch kind {
        case .unreadable, .misnumbered: "give the directory with --migrations; it is sql/migrations of the source tree"
        case .changed: "restore the file as it was released and put the change into a new migration"
        case .newer: "run the version of Observer that made the migration, or a later one"
        case .failed: nil
        case .database: cause?.hint
        }
    }
}
