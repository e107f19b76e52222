import Errors
package import Postgres

/// A reason why the schema is not up to date.
///
/// Steps that were applied before the error stay applied, and the next attempt goes on after them.
package struct MigrationError: DescribedError, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A file or the directory of migrations cannot be read, is empty, or is not UTF-8.
        case unreadable
        /// The files are not numbered 0001, 0002 … without a gap.
        case misnumbered
        /// The text of a migration cannot be divided into steps.
        case malformed
        /// A step that was applied or begun has another text now.
        case changed
        /// The database has a migration that this program does not know and that is not marked as compatible.
        case newer
        /// Another process is migrating and did not end within the wait.
        case busy
        /// Other sessions kept the locks that a step needs for the whole of its tries.
        case locked
        /// A step failed; what its last transaction did was undone.
        case failed
        /// The database could not be used.
        case database
    }

    package let kind: Kind
    /// The path, the step or the words that the kind is about.
    private let subject: String
    package let version: Int?
    package let cause: PostgresError?

    /// - Parameters:
    ///   - kind: The cause.
    ///   - subject: What it is about: a path, a step, a time.
    ///   - version: The number of the migration.
    ///   - cause: The error of the database.
    package init(_ kind: Kind, _ subject: String = "", version: Int? = nil, cause: PostgresError? = nil) {
        self.kind = kind
        self.subject = subject
        self.version = version
        self.cause = cause
    }

    package var isTemporary: Bool {
        switch kind {
        case .busy, .locked: true
        case .failed, .database: cause?.isTemporary ?? false
        case .unreadable, .misnumbered, .malformed, .changed, .newer: false
        }
    }

    package var detail: String {
        let migration = "migration \(version.map(String.init) ?? "?")"
        return switch kind {
        case .unreadable: "cannot read migrations: \(subject)"
        case .misnumbered: "\(subject): migrations are numbered 0001_name.sql, 0002_name.sql … without a gap"
        case .malformed: "\(migration) cannot be read: \(subject)"
        case .changed:
            "\(migration) (\(subject)) was applied with another text; released migrations must not be changed"
        case .newer: "the database has \(migration) (\(subject)), which this version does not know"
        case .busy: "another process is migrating this database\(subject)"
        case .locked: "\(migration), step \(subject), could not lock what it changes"
        // A migration's text is the project's own and holds no secrets, so what the server says of it may be shown.
        case .failed: "\(migration), step \(subject), failed: \(cause.map(\.debugDescription) ?? "")"
        case .database: cause.map(\.description) ?? "the database cannot be used"
        }
    }

    /// Advice for an operator.
    package var hint: String? {
        switch kind {
        case .unreadable, .misnumbered: "give the directory with --migrations; it is sql/migrations of the source tree"
        case .malformed: "the format is described at the top of sql/migrations/README.md"
        case .changed: "restore the file as it was released and put the change into a new migration"
        case .newer: "run the version of Observer that made the migration, or a later one"
        case .busy: "wait for the other one, or end it: it goes on where it was"
        case .locked:
            "end the long transactions that pg_stat_activity shows, and try again: nothing was changed by this step"
        case .failed: nil
        case .database: cause?.hint
        }
    }
}
