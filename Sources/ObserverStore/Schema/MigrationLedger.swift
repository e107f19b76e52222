import Postgres

/// The table of the steps that were applied to a database, or begun.
struct MigrationLedger {
    let connection: PostgresConnection

    struct Entry: Hashable, Sendable {
        var version: Int
        var step: Int
        var name: String
        var checksum: String
        var isCompatible: Bool
        /// False while a batched step has rows left.
        var isApplied: Bool
        /// The place that a batched step has come to.
        var cursor: String?
    }

    func create() throws(PostgresError) {
        try connection.execute(
            """
            create table if not exists schema_migrations (
                version integer not null,
                step integer not null,
                name text not null,
                step_name text not null,
                kind text not null,
                checksum text not null,
                compatible boolean not null,
                cursor text,
                changed_rows bigint not null default 0,
                started_at timestamptz not null default now(),
                applied_at timestamptz,
                primary key (version, step)
            )
            """
        )
    }

    func entries() throws(PostgresError) -> [Entry] {
        let statement: SQL = """
            select version, step, name, checksum, compatible, applied_at is not null, cursor from schema_migrations
            order by version, step
            """
        return try connection.query(statement) { row throws(PostgresError) in
            Entry(
                version: try row.next(),
                step: try row.next(),
                name: try row.next(),
                checksum: try row.next(),
                isCompatible: try row.next(),
                isApplied: try row.next(),
                cursor: try row.next()
            )
        }
    }

    /// Notes that a step was applied, or how far a batched one has come.
    func note(
        _ step: PendingStep,
        cursor: String? = nil,
        changedRows: Int64 = 0,
        isApplied: Bool = true
    ) throws(PostgresError) {
        try connection.execute(
            """
            insert into schema_migrations as m
                (version, step, name, step_name, kind, checksum, compatible, cursor, changed_rows, applied_at)
            values (\(step.migration.version), \(step.index), \(step.migration.name), \(step.step.name),
                \(step.step.kind.rawValue), \(step.step.checksum), \(step.migration.isCompatible), \(cursor), \(changedRows),
                case when \(isApplied) then now() end)
            on conflict (version, step) do update set cursor = excluded.cursor,
                changed_rows = m.changed_rows + excluded.changed_rows, applied_at = excluded.applied_at
            """
        )
    }
}

/// A step that a database lacks, or has not finished.
struct PendingStep: Hashable, Sendable {
    let migration: Migration
    /// The position within the migration, from 0.
    let index: Int
    /// The place that a batched step has come to.
    let cursor: String?

    var step: MigrationStep { migration.steps[index] }

    /// Returns the missing steps of the known migrations, in order.
    ///
    /// - Throws: `changed`, `newer`.
    static func all(
        of known: [Migration],
        after entries: [MigrationLedger.Entry]
    ) throws(MigrationError) -> [PendingStep] {
        for entry in entries {
            guard let migration = known.first(where: { $0.version == entry.version }) else {
                guard entry.isCompatible else { throw MigrationError(.newer, entry.name, version: entry.version) }
                continue
            }
            guard migration.steps.indices.contains(entry.step),
                migration.steps[entry.step].checksum == entry.checksum
            else { throw MigrationError(.changed, entry.name, version: entry.version) }
        }
        var pending: [PendingStep] = []
        for migration in known {
            for index in migration.steps.indices {
                let entry = entries.first { $0.version == migration.version && $0.step == index }
                guard entry?.isApplied != true else { continue }
                pending.append(PendingStep(migration: migration, index: index, cursor: entry?.cursor))
            }
        }
        return pending
    }
}
