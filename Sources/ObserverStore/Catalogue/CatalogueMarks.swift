/// Queries that note which hours of the catalogue have changed since they were written to the bucket.
///
/// They are parts of the statements that change rows, after all that locks rows of sums, and lock in the order of their key:
/// so two writers never wait for each other in a circle. A row stays locked until the change is committed; whoever deletes it
/// because the hour is written waits for that, and sees that the number of changes is another one.
enum CatalogueMarks {
    /// The hour in the identifier of a segment, as in its object key.
    private static let hourOfIdentifier = """
        to_timestamp(('x' || left(translate(id::text, '-', ''), 12))::bit(48)::bigint / 3600000 * 3600)
        """

    /// Marks the hours of segments, from rows that have `id`, `camera_id` and `stream`.
    static func segments(of rows: String) -> String { marked(rows, hour: hourOfIdentifier) }

    /// Marks the hours in which gaps began, from rows that have `camera_id`, `stream` and `started_at`.
    static func gaps(of rows: String) -> String { marked(rows, hour: "date_trunc('hour', started_at, 'UTC')") }

    private static func marked(_ rows: String, hour: String) -> String {
        """
        marked as (
            insert into catalogue_hours as c (camera_id, stream, hour)
            select distinct camera_id, stream, \(hour) from \(rows) order by 1, 2, 3
            on conflict (camera_id, stream, hour) do update set changes = c.changes + 1
            returning 1
        )
        """
    }
}
