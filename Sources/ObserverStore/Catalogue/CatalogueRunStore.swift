package import ObserverCore
package import Postgres

/// Comparisons and mendings of the catalogue, with what they found.
package struct CatalogueRunStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The kinds of runs.
    package enum Kind: String, Sendable, CaseIterable {
        /// An empty database got its rows from the bucket.
        case rebuild
        /// A database that had been restored to an earlier state got the rows that it lacked.
        case heal
        /// Rows, spool and bucket were compared on demand.
        case compare
        /// Rows and bucket are compared slowly, all the time.
        case watch
        case mend
        /// The files of a spool were given up.
        case giveUp = "give_up"
    }

    /// Numbers and examples by the word for what was found.
    package struct Report: Hashable, Sendable {
        package var counts: [String: Int64] = [:]
        package var examples: [String: [String]] = [:]
        /// The examples of one word.
        package static let mostExamples = 20

        package init() {}

        package mutating func add(_ word: String, _ count: Int = 1, example: String? = nil) {
            counts[word, default: 0] += Int64(count)
            guard let example, examples[word, default: []].count < Self.mostExamples else { return }
            examples[word, default: []].append(String(example.prefix(600)))
        }

        package subscript(_ word: String) -> Int64 { counts[word] ?? 0 }
    }

    /// A run.
    package struct Run: Hashable, Sendable {
        package var id: Int64
        package var actor: String
        package var reason: String?
        /// Where it goes on.
        package var place: String?
        package var report: Report
        package var startedAt: Timestamp
        package var updatedAt: Timestamp
        package var endedAt: Timestamp?
    }

    /// Begins a run.
    package func begin(_ kind: Kind, by actor: String, reason: String? = nil) throws(PostgresError) -> Run {
        let statement: SQL = """
            insert into catalogue_runs (kind, actor, reason)
            values (\(kind.rawValue), \(actor.limited(to: 80)), \(reason?.limited(to: 500))) returning \(unsafe: Self.columns)
            """
        guard let run = try read(statement) else { throw PostgresError(.decoding) }
        return run
    }

    /// The last run of a kind that has not ended; nil when there is none.
    package func open(_ kind: Kind) throws(PostgresError) -> Run? {
        try read(
            """
            select \(unsafe: Self.columns) from catalogue_runs where kind = \(kind.rawValue) and ended_at is null
            order by id desc limit 1
            """
        )
    }

    /// The last run of a kind that has ended; nil when there is none.
    package func latest(_ kind: Kind) throws(PostgresError) -> Run? {
        try read(
            """
            select \(unsafe: Self.columns) from catalogue_runs where kind = \(kind.rawValue) and ended_at is not null
            order by id desc limit 1
            """
        )
    }

    /// Keeps what a run has found so far, and where it goes on.
    package func save(_ run: Run, isEnd: Bool = false) throws(PostgresError) {
        let words = run.report.counts.keys.sorted()
        let examples = run.report.examples.keys.sorted()
        try connection.execute(
            """
            update catalogue_runs set place = \(run.place), updated_at = now(),
                ended_at = case when \(isEnd) then now() end,
                counts = (select coalesce(jsonb_object_agg(word, number), '{}')
                    from unnest(\(words), \(words.map { run.report.counts[$0] ?? 0 })) as c (word, number)),
                examples = (select coalesce(jsonb_object_agg(word, to_jsonb(string_to_array(list, E'\\n'))), '{}')
                    from unnest(\(examples),
                        \(examples.map { (run.report.examples[$0] ?? []).joined(separator: "\n") })) as e (word, list))
            where id = \(run.id)
            """
        )
    }

    private static let columns = """
        id, actor, reason, place, started_at, updated_at, ended_at, \
        (select array_agg(key order by key) from jsonb_each_text(counts)), \
        (select array_agg(value::bigint order by key) from jsonb_each_text(counts)), \
        (select array_agg(e.key order by e.key, i.place) from jsonb_each(examples) e, \
        jsonb_array_elements_text(e.value) with ordinality as i (text, place)), \
        (select array_agg(i.text order by e.key, i.place) from jsonb_each(examples) e, \
        jsonb_array_elements_text(e.value) with ordinality as i (text, place))
        """

    private func read(_ statement: SQL) throws(PostgresError) -> Run? {
        try connection.first(statement) { row throws(PostgresError) in
            var run = Run(
                id: try row.next(),
                actor: try row.next(),
                reason: try row.next(),
                place: try row.next(),
                report: Report(),
                startedAt: try row.next(),
                updatedAt: try row.next(),
                endedAt: try row.next()
            )
            let (words, numbers) = (try row.next([String]?.self) ?? [], try row.next([Int64]?.self) ?? [])
            run.report.counts = Dictionary(zip(words, numbers)) { first, _ in first }
            let (keys, texts) = (try row.next([String]?.self) ?? [], try row.next([String]?.self) ?? [])
            for (key, text) in zip(keys, texts) { run.report.examples[key, default: []].append(text) }
            return run
        }
    }
}
