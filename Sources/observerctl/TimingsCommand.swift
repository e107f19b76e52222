import Encodings
import ObserverCore
import ObserverStore
import Postgres

extension Command {
    static let timings = Command(
        name: "timings",
        usage: "[--camera ID] [--rounds N] [--json]",
        summary: "Time the statements behind pages and API against this database.",
        details: """
            Runs what observer-web runs, reading only, each statement once to prepare it and then N times (9 unless given),
            and prints the median in milliseconds. Lists of one camera are those of the day of its newest segment; the camera
            is the first one unless given. Reads OBSERVER_DATABASE_URL.
            """,
        options: ["--camera", "--rounds"],
        flags: ["--json"],
        run: { arguments, configuration in
            guard let rounds = Int(arguments.value("--rounds") ?? "9"), (1...1000).contains(rounds) else {
                throw UsageError(command: "timings", "--rounds is a number from 1 to 1000")
            }
            let connection = try configuration.connect()
            let camera = try camera(arguments.value("--camera"), connection)
            let timings = try Timings(connection, camera: camera, rounds: rounds).measure()
            if arguments.has("--json") {
                var json = JSONWriter()
                json.array { json in
                    for timing in timings {
                        json.object { json in
                            json.field("query", timing.name)
                            json.field("rows", Int64(timing.rows))
                            json.field("median_ms", timing.median)
                            json.field("most_ms", timing.most)
                        }
                    }
                }
                Output.result(String(decoding: json.bytes, as: UTF8.self))
            } else {
                for timing in timings { Output.result(timing.line) }
            }
            return .done
        }
    )

    private static func camera(_ given: String?, _ connection: PostgresConnection) throws -> CameraID {
        if let given {
            guard let number = Int64(given) else { throw UsageError(command: "timings", "--camera is a number") }
            return CameraID(rawValue: number)
        }
        guard let first = try CameraStore(connection).list(CameraQuery(limit: 1)).first else {
            throw ToolError(.notFound, "there is no camera", hint: "give the number of one with --camera")
        }
        return first.camera.id
    }
}

/// The time that one query takes.
private struct Timing {
    let name: String
    let rows: Int
    /// In milliseconds, in order.
    let times: [Double]

    var median: Double { rounded(times[times.count / 2]) }
    var most: Double { rounded(times[times.count - 1]) }

    var line: String {
        let padded = name + String(repeating: " ", count: max(1, 34 - name.count))
        return "\(padded)\(median) ms, at most \(most) ms, \(rows) rows"
    }

    private func rounded(_ milliseconds: Double) -> Double { (milliseconds * 100).rounded() / 100 }
}

/// The queries of pages and API, with the calls that observer-web makes.
private struct Timings {
    private let connection: PostgresConnection
    private let camera: CameraID
    private let rounds: Int

    init(_ connection: PostgresConnection, camera: CameraID, rounds: Int) {
        self.connection = connection
        self.camera = camera
        self.rounds = rounds
    }

    func measure() throws -> [Timing] {
        let (cameras, segments) = (CameraStore(connection), SegmentStore(connection))
        let newest = try segments.newest(of: camera)?.segment.startedAt ?? Timestamp(milliseconds: 0)
        let midnight = Timestamp(milliseconds: newest.milliseconds / 86_400_000 * 86_400_000)
        let end = midnight.advanced(bySeconds: 86_400)
        let day = SegmentStore.Query(camera: camera, from: midnight, to: end)
        var backwards = day
        backwards.isNewestFirst = true
        return [
            try time("page of 100 cameras (API)") { try cameras.list(CameraQuery(limit: 100)).count },
            try time("page of 100 cameras (web)") {
                try cameras.list(CameraQuery(limit: 100, includesRecordings: true)).count
            },
            try time("newest segments of all cameras") {
                var query = CameraQuery(includesRecordings: true)
                var count = 0
                repeat {
                    let page = try cameras.list(query)
                    count += page.count
                    query.after = page.count == query.limit ? page.last?.camera.id : nil
                } while query.after != nil
                return count
            },
            try time("states and tags of all cameras") { try OverviewStore(connection).cameras().total },
            try time("newest segment of the camera") { try segments.newest(of: camera) == nil ? 0 : 1 },
            try time("hours of a day") { try OverviewStore(connection).hours(of: camera, from: midnight).count },
            try time("page of 500 segments") { try segments.list(day).count },
            try time("page of 500 segments, newest first") { try segments.list(backwards).count },
            try time("gaps of a day") {
                try GapStore(connection).list(StreamID(camera, .main), from: midnight, to: end).count
            },
            try time("failed uploads") { try segments.failed().count },
        ]
    }

    private func time(_ name: String, _ body: () throws -> Int) throws -> Timing {
        var rows = try body()
        let clock = ContinuousClock()
        let times = try (0..<rounds).map { _ in
            let elapsed = try clock.measure { rows = try body() }.components
            return Double(elapsed.seconds) * 1000 + Double(elapsed.attoseconds) / 1e15
        }
        return Timing(name: name, rows: rows, times: times.sorted())
    }
}
