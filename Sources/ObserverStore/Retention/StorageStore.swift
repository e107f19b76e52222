package import ObserverCore
package import Postgres

/// The space that recordings take, by camera and age.
package struct StorageStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The ages by which bytes are told apart, in days.
    package static let ages: [Int] = [1, 7, 30, 90, 365]

    /// The recordings younger than so many days, and not younger than the age before.
    package struct Age: Hashable, Sendable {
        /// Nil: all that is older than the ages before.
        package var days: Int?
        package var bytes: Int64

        package init(days: Int?, bytes: Int64) {
            self.days = days
            self.bytes = bytes
        }
    }

    /// The recordings of a camera, of all its streams.
    package struct Camera: Hashable, Sendable {
        package var id: CameraID
        package var name: String
        package var isDeleted: Bool
        package var sum: RetentionSum
        package var ages: [Age]
        /// The hour of the first recording; nil when there is none.
        package var oldestAt: Timestamp?
        /// The hour of the last recording.
        package var newestAt: Timestamp?
        /// The days for which they are kept, by all rules.
        package var days: RetentionDays

        package init(
            id: CameraID,
            name: String,
            isDeleted: Bool,
            sum: RetentionSum,
            ages: [Age],
            oldestAt: Timestamp?,
            newestAt: Timestamp?,
            days: RetentionDays
        ) {
            self.id = id
            self.name = name
            self.isDeleted = isDeleted
            self.sum = sum
            self.ages = ages
            self.oldestAt = oldestAt
            self.newestAt = newestAt
            self.days = days
        }
    }

    /// All cameras that have recordings, and those that are not deleted.
    package struct Storage: Hashable, Sendable {
        package var cameras: [Camera]

        package init(cameras: [Camera]) {
            self.cameras = cameras
        }

        package var sum: RetentionSum { cameras.map(\.sum).reduce(.zero, +) }
    }

    /// Reads what there is, by camera.
    package func read() throws(PostgresError) -> Storage {
        let policies = try RetentionPolicyStore(connection).list().map(\.policy)
        let facts = try RetentionFactStore(connection).cameras()
        let known = Dictionary(facts.map { ($0.id, $0) }) { first, _ in first }
        let statement: SQL = """
            select c.id, c.name, c.deleted_at is not null, coalesce(h.segments, 0)::bigint, coalesce(h.bytes, 0)::bigint,
                h.oldest, h.newest, coalesce(h.day1, 0)::bigint, coalesce(h.day7, 0)::bigint, coalesce(h.day30, 0)::bigint,
                coalesce(h.day90, 0)::bigint, coalesce(h.day365, 0)::bigint
            from cameras c left join (
                select camera_id, sum(segments) as segments, sum(bytes) as bytes,
                    min(hour) filter (where segments > 0) as oldest, max(hour) filter (where segments > 0) as newest,
                    sum(bytes) filter (where hour > now() - interval '1 day') as day1,
                    sum(bytes) filter (where hour > now() - interval '7 days') as day7,
                    sum(bytes) filter (where hour > now() - interval '30 days') as day30,
                    sum(bytes) filter (where hour > now() - interval '90 days') as day90,
                    sum(bytes) filter (where hour > now() - interval '365 days') as day365
                from camera_hours group by camera_id
            ) h on h.camera_id = c.id
            where c.deleted_at is null or h.segments > 0 order by c.id
            """
        let cameras = try connection.query(statement, within: .seconds(20)) { row throws(PostgresError) in
            let id = try row.next(CameraID.self)
            var camera = Camera(
                id: id,
                name: try row.next(),
                isDeleted: try row.next(),
                sum: RetentionSum(segments: try row.next(), bytes: try row.next()),
                ages: [],
                oldestAt: try row.next(),
                newestAt: try row.next(),
                days: RetentionDays(of: known[id] ?? RetentionCamera(id, days: 0), policies)
            )
            var younger: Int64 = 0
            for days in Self.ages {
                let bytes = try row.next(Int64.self)
                camera.ages.append(Age(days: days, bytes: max(0, bytes - younger)))
                younger = bytes
            }
            camera.ages.append(Age(days: nil, bytes: max(0, camera.sum.bytes - younger)))
            return camera
        }
        return Storage(cameras: cameras)
    }
}
