import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct SegmentStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: SegmentStore
    let camera = CameraID(rawValue: 7)

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = SegmentStore(connection)
    }

    @Test func `a segment is registered as it is and read back the same`() throws {
        var segment = Segment.sample(of: camera, .sub)
        segment.end.flags = [.clockArrival, .recovered]
        try store.upsertSpooled([segment, Segment.sample(of: camera)])
        let record = try #require(try store.get(segment.id))
        #expect(record.segment == segment)
        #expect(
            (record.state, record.tries, record.error, record.etag, record.storedAt) == (.spooled, 0, nil, nil, nil)
        )
        #expect(try store.get(SegmentID.makeRandom()) == nil)
    }

    @Test func `a segment without flags has none`() throws {
        let segment = Segment.sample(of: camera)
        try store.upsertSpooled([segment])
        #expect(try store.get(segment.id)?.segment.end.flags == [])
    }

    private static let bounded = [
        Bounded("bytes", in: 1...1 << 32) { $0.media.bytes = $1 },
        Bounded("init_bytes", in: 0...2_500_000) { $0.media.initBytes = $1 },
        Bounded("media_start_90k", in: 0...1 << 53 - 1) { $0.media.start90k = $1 },
        Bounded("media_duration_90k", in: 0...329_400_000) { $0.media.duration90k = $1 },
        Bounded("frames", in: 0...10_000_000) { $0.media.frames = Int($1) },
        Bounded("width", in: 0...65_535) { $0.media.width = Int($1) },
        Bounded("height", in: 0...65_535) { $0.media.height = Int($1) },
        Bounded("duration_ms", in: 0...3_660_000) { $0.end.durationMilliseconds = $1 },
        Bounded("camera_id", in: 1...1 << 53 - 1) { $0 = .sample(of: CameraID(rawValue: $1)) },
        Bounded("epoch", in: 0...1 << 53 - 1) { $0 = .sample(epoch: $1) },
        Bounded("sequence", in: 0...Int64(Int32.max)) { $0 = .sample(sequence: Int($1)) },
        Bounded("started_at", in: 946_684_800_000...7_258_118_399_999) { $0 = .sample(at: .init(milliseconds: $1)) },
    ]

    @Test func `a number beyond its bounds is refused by program and table, one within by neither`() throws {
        for change in Self.bounded {
            for value in [change.range.lowerBound, change.range.upperBound] {
                var segment = Segment.sample(of: camera)
                if change.field == "bytes" { segment.media.initBytes = 0 }
                change.make(&segment, value)
                #expect(segment.problem == nil, "\(change)")
                try store.upsertSpooled([segment])
                #expect(try store.get(segment.id)?.segment == segment)
            }
            for value in [change.range.lowerBound - 1, change.range.upperBound + 1, Int64.min / 1001, Int64.max / 1001]
            {
                var segment = Segment.sample(of: camera)
                change.make(&segment, value)
                #expect(segment.problem?.hasPrefix("\(change.field) is ") == true)
                let error = #expect(throws: PostgresError.self) { try store.upsertSpooled([segment]) }
                #expect(error?.kind == .invalidValue)
            }
        }
    }

    /// A number of a segment, with the values that it may have.
    struct Bounded: Sendable, CustomStringConvertible {
        let field: String
        let range: ClosedRange<Int64>
        let make: @Sendable (inout Segment, Int64) -> Void

        init(_ field: String, in range: ClosedRange<Int64>, _ make: @escaping @Sendable (inout Segment, Int64) -> Void)
        {
            (self.field, self.range, self.make) = (field, range, make)
        }

        var description: String { field }
    }

    @Test func `a start that is not the time in the identifier is refused, and a correction towards one not taken`()
        throws
    {
        var segment = Segment.sample(of: camera)
        var header = segment.header
        let start = header.startedAt
        header.correct(startedAt: start.advanced(byMilliseconds: 3_599_999))
        #expect(header.startedAt == start.advanced(byMilliseconds: 3_599_999))
        segment = Segment(header: header, media: segment.media, end: segment.end)
        #expect(segment.problem == nil)
        try store.upsertSpooled([segment])
        header.correct(startedAt: start.advanced(byMilliseconds: -3_600_000))
        #expect(header.startedAt == start.advanced(byMilliseconds: 3_599_999))
        header = Segment.sample(of: camera, at: start).header
        header.startedAt = start.advanced(byMilliseconds: 3_600_001)
        segment = Segment(header: header, media: segment.media, end: segment.end)
        #expect(segment.problem == "started_at is more than an hour from the time in the id")
        let error = #expect(throws: PostgresError.self) { try store.upsertSpooled([segment]) }
        #expect(error?.constraint == "segments_id_time_check")
    }

    private static let transitions: [(first: SegmentState, second: SegmentState, result: SegmentState)] = [
        (.spooled, .spooled, .spooled),
        (.spooled, .stored, .stored), (.spooled, .failed, .failed), (.spooled, .lost, .lost),
        (.spooled, .expired, .expired), (.failed, .stored, .stored), (.failed, .failed, .failed),
        (.failed, .spooled, .failed), (.failed, .lost, .lost), (.stored, .spooled, .stored),
        (.stored, .failed, .stored),
        (.stored, .lost, .stored), (.stored, .expired, .expired), (.expired, .spooled, .expired),
        (.expired, .stored, .expired), (.lost, .spooled, .lost), (.lost, .stored, .stored), (.lost, .failed, .lost),
        (.lost, .expired, .lost),
    ]

    @Test func `states move forward only, and the writer is told how far`() throws {
        for (first, second, result) in Self.transitions {
            let segment = Segment.sample(of: camera)
            #expect(try store.write([SegmentStore.Outcome(segment, first)]) == [segment.id: first])
            #expect(try store.write([SegmentStore.Outcome(segment, second)]) == [segment.id: result])
            #expect(try store.get(segment.id)?.state == result, "\(first), then \(second)")
        }
    }

    @Test func `a failed upload keeps its reason until it succeeds`() throws {
        let segment = Segment.sample(of: camera)
        try store.markFailed(segment, tries: 3, error: "403 AccessDenied")
        let failed = try #require(try store.get(segment.id))
        #expect((failed.state, failed.tries, failed.error) == (.failed, 3, "403 AccessDenied"))
        #expect(try store.failed().map(\.segment.id) == [segment.id])
        try store.markStored(segment, etag: "abc", storedAt: Sample.start)
        try store.markStored(segment, etag: "abc")
        let stored = try #require(try store.get(segment.id))
        #expect((stored.state, stored.tries, stored.error, stored.etag) == (.stored, 3, nil, "abc"))
        #expect(stored.storedAt == Sample.start)
        #expect(try store.failed().isEmpty)
        #expect(try store.states(of: [segment.id, SegmentID.makeRandom()]) == [segment.id: .stored])
    }

    @Test func `pages by key hold each segment once, also while others are recorded`() throws {
        // Several with the same start, so that the identifier has to decide.
        let segments = (0..<25).map {
            Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: Int64($0 / 3) * 10))
        }
        try store.upsertSpooled(segments)
        for isNewestFirst in [false, true] {
            var seen: [SegmentID] = []
            while true {
                let page = try store.list(
                    SegmentStore.Query(camera: camera, after: seen.last, limit: 7, isNewestFirst: isNewestFirst)
                )
                guard !page.isEmpty else { break }
                #expect(page.count <= 7)
                seen += page.map(\.segment.id)
                if seen.count == 7 {
                    try store.upsertSpooled([Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: -100))])
                    try store.upsertSpooled([Segment.sample(of: CameraID(rawValue: 8))])
                }
            }
            let ofOurs = seen.filter { id in segments.contains { $0.id == id } }
            #expect(Set(seen).count == seen.count && Set(ofOurs).count == 25)
        }
    }

    @Test func `a stretch of time has what overlaps it`() throws {
        let segments = (0..<6).map { Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: Int64($0) * 10)) }
        try store.upsertSpooled(segments)
        func ids(from: Int64?, to: Int64?) throws -> [SegmentID] {
            try store.list(
                SegmentStore.Query(
                    camera: camera,
                    from: from.map { Sample.start.advanced(bySeconds: $0) },
                    to: to.map { Sample.start.advanced(bySeconds: $0) }
                )
            ).map(\.segment.id)
        }
        #expect(try ids(from: 15, to: 35) == segments[1...3].map(\.id))
        #expect(try ids(from: 20, to: 30) == [segments[2].id])
        #expect(try ids(from: nil, to: 10) == [segments[0].id])
        #expect(try ids(from: 50, to: nil) == [segments[5].id])
        #expect(try store.newest(of: camera)?.segment == segments[5])
        #expect(try store.newest(of: CameraID(rawValue: 8)) == nil)
    }
}
