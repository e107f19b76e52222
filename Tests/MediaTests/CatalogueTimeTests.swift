import MP4
import RTP
import Testing

@testable import Media

/// Five minutes of cameras with clocks that lie, recorded; what the catalogue says is held against the truth.
@Suite struct CatalogueTimeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var flag: RunSegmenter.Flag?
        /// True if nothing may be remarked on.
        var isClean = false
        /// Seconds after the start from which boundaries are exact; a rate is not known before.
        var exactFrom = 0.0
        var make: @Sendable () -> CameraClock

        var testDescription: String { name }
    }

    static let rates: [Case] = [0.5, 0.7, 0.83, 0.9, 0.95, 1.05, 1.1, 1.2, 1.5, 2].flatMap { rate in
        [0, 0.2].map { jitter in
            Case(name: "\(rate) times its rate, jitter \(jitter)", flag: .clockArrival) {
                CameraClock(step: { $0 * 90_000 * rate }, jitter: jitter)
            }
        }
    }

    static let clocks: [Case] = [
        Case(name: "right", isClean: true) { CameraClock() },
        Case(name: "right, with a kept group", isClean: true) { CameraClock(kept: 3) },
        Case(name: "right, with jitter", isClean: true) { CameraClock(jitter: 0.2) },
        Case(name: "right, five frames a second, with jitter", isClean: true) {
            CameraClock(interval: { _ in 0.2 }, jitter: 0.2)
        },
        Case(name: "right, a frame a second", isClean: true) { CameraClock(interval: { _ in 1 }, jitter: 0.1) },
        Case(name: "a bit slow", isClean: true) { CameraClock(step: { $0 * 90_000 * 0.985 }, jitter: 0.1) },
        Case(name: "a bit fast", isClean: true) { CameraClock(step: { $0 * 90_000 * 1.015 }, jitter: 0.1) },
        Case(name: "wraps around", isClean: true) { CameraClock(first: 4_294_967_296 - 90_000 * 100) },
        Case(name: "of milliseconds", flag: .clockArrival) { CameraClock(step: { $0 * 1000 }) },
        Case(name: "of milliseconds, with jitter", flag: .clockArrival) {
            CameraClock(step: { $0 * 1000 }, jitter: 0.2)
        },
        Case(name: "of microseconds", flag: .clockArrival, exactFrom: 70) { CameraClock(step: { $0 * 1_000_000 }) },
        Case(name: "freezes", flag: .clockArrival) { CameraClock(freezesAt: 60) },
        Case(name: "nominal rate, slower in the dark", flag: .clockArrival) {
            CameraClock(interval: { $0 < 103.5 ? 0.04 : 0.083 }, step: { _ in 3600 }, jitter: 0.05)
        },
        Case(name: "nominal rate, faster in the light", flag: .clockArrival) {
            CameraClock(interval: { $0 < 103.5 ? 0.083 : 0.04 }, step: { _ in 3600 }, jitter: 0.05)
        },
    ]

    static let jumps: [Case] = [-100, -2, -1, -0.5, -0.3, 0.7, 1, 1.9, 5, 100, 40_000].map { (seconds: Double) in
        Case(name: "jumps by \(seconds) s") { CameraClock(jumps: [(95.3, seconds * 90_000)], jitter: 0.05) }
    }

    static let holes: [Case] = [2.0, 3, 5, 8].flatMap { length in
        [true, false].flatMap { isCounted in
            [0.0, 0.2].map { jitter in
                Case(name: "silent for \(length) s, counted: \(isCounted), jitter \(jitter)") {
                    let moments = stride(from: 21.3, to: 280, by: 37)
                    return CameraClock(
                        holes: moments.map { (at: $0, length: length, isCounted: isCounted) },
                        jitter: jitter
                    )
                }
            }
        }
    }

    static let stalls: [Case] = [0.5, 1, 2, 5, 8].flatMap { length in
        [2.0, 5, 10_000].map { catchUp in
            Case(name: "held up for \(length) s, then at \(catchUp) times its pace", isClean: true) {
                let stalls = stride(from: 21.3, to: 280, by: 41).map { (at: $0, length: length, catchUp: catchUp) }
                return CameraClock(stalls: stalls, jitter: 0.05)
            }
        }
    }

    /// A segment as the catalogue has it, with the true time of its first frame.
    struct Row {
        var start: Double
        var length: Double
        var truth: Double
        var truthEnd: Double
        var flags: Set<RunSegmenter.Flag>
        var fragments: [(start: Double, end: Double)]
    }

    /// Records a camera in segments of `length` seconds, the first of `first`; `wallStep` is by how much the machine's clock is set after a minute, in seconds.
    static func record(
        _ camera: CameraClock,
        seed: UInt64,
        seconds: Double = 300,
        length: Double = 10,
        first: Double? = nil,
        wallStep: Double = 0
    ) throws -> [Row] {
        let frames = camera.frames(seconds: seconds, seed: seed)
        var rows: [Row] = []
        var recorded = 0
        var present: (media: Int64, first: Int) = (0, 0)
        let video = VideoTrack(codec: .mjpeg, width: 64, height: 48)
        let first = first ?? [2.0, 3.5, 10][Int(seed % 3)]
        let streams = StreamDescription(video: video)
        let segmenter = RunSegmenter(streams, seconds: length, firstSeconds: first) { output in
            switch output {
            case .began(let begin):
                present = (begin.mediaStart90k, recorded)
                rows.append(Row(start: 0, length: 0, truth: 0, truthEnd: 0, flags: [], fragments: []))
            case .fragment(let part):
                let fragment = part.fragment
                recorded += fragment.frames
                let row = rows.count - 1
                rows[row].length = Double(fragment.end90k - present.media) / 90_000
                rows[row].truth = frames[present.first].truth
                rows[row].truthEnd =
                    recorded < frames.count ? frames[recorded].truth : frames[recorded - 1].truth + 0.04
                let start = Double(part.capturedAt) / 1e9 - 1000
                rows[row].fragments.append((start, start + Double(fragment.duration90k) / 90_000))
            case .ended(let end):
                rows[rows.count - 1].start = Double(end.startedAt) / 1e6 - 7_000_000
                rows[rows.count - 1].flags = end.flags
            }
        }
        var clock = RTPClock()
        let bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        for (index, frame) in frames.enumerated() {
            let source = clock.unwrap(UInt32(truncatingIfNeeded: frame.source))
            try bytes.withUnsafeBytes { bytes in
                let packet = MediaPacket(
                    track: .video,
                    decodeTime: nil,
                    presentationTime: source,
                    isKey: index == 0 || Int(frame.truth) > Int(frames[index - 1].truth),
                    bytes: bytes
                )
                let arrival = Int64((frame.arrival + 1000) * 1e9)
                let wallClock = arrival / 1000 + 6_999_000_000_000 + (frame.arrival < 60 ? 0 : Int64(wallStep * 1e6))
                try segmenter.take(packet, arrival: arrival, wallClock: wallClock)
            }
        }
        segmenter.end(.stopped)
        return rows
    }

    static let unknown: [Case] =
        [1 / 90.0, 0.5, 0.6, 0.7, 0.83, 0.9, 1.1, 1.2, 1.5, 2].flatMap { rate in
            [0, 0.1].map { sweep in
                Case(name: "\(rate) times its rate, read every \(sweep) s") {
                    CameraClock(step: { $0 * 90_000 * rate }, sweep: sweep)
                }
            }
        } + [
            Case(name: "ten frames a second, of milliseconds") {
                CameraClock(interval: { _ in 0.1 }, step: { $0 * 1000 })
            },
            Case(name: "ten frames a second, of milliseconds, read ten times a second") {
                CameraClock(interval: { _ in 0.1 }, step: { $0 * 1000 }, sweep: 0.1)
            },
            Case(name: "ten frames a second, twice its rate, read ten times a second") {
                CameraClock(interval: { _ in 0.1 }, step: { $0 * 180_000 }, sweep: 0.1)
            },
            Case(name: "ten frames a second, half its rate, read ten times a second") {
                CameraClock(interval: { _ in 0.1 }, step: { $0 * 45_000 }, sweep: 0.1)
            },
            Case(name: "ten frames a second without timestamps") {
                CameraClock(interval: { _ in 0.1 }, step: { _ in 0 })
            },
            Case(name: "ten frames a second, freezes") { CameraClock(interval: { _ in 0.1 }, freezesAt: 9.7) },
        ]

    @Test(arguments: unknown, [1.5, 2.2, 3, 3.4, 3.8, 4.1, 4.4])
    func `segments of three seconds are right as well, also those that begin under an unknown clock`(
        scenario: Case,
        first: Double
    ) throws {
        let rows = try Self.record(scenario.make(), seed: 1, seconds: 30, length: 3, first: first)
        #expect(rows.count > 5)
        for (index, row) in rows.enumerated().dropLast() {
            let off = row.start - row.truth
            let end = row.start + row.length - row.truthEnd
            #expect(
                abs(off) <= 0.15 && abs(end) <= 0.15,
                "segment \(index) at \(row.truth): off \(off), end off \(end)"
            )
        }
    }

    @Test(arguments: rates + clocks + jumps + holes + stalls)
    func `starts and lengths agree with the truth to a fifth of a second`(scenario: Case) throws {
        for seed: UInt64 in 1...3 {
            let rows = try Self.record(scenario.make(), seed: seed)
            #expect(rows.count > 10)
            for (index, row) in rows.enumerated() {
                let off = row.start - row.truth
                let end = row.start + row.length - row.truthEnd
                // After a silence the next segment begins later than this one ends.
                let isHole = row.truthEnd - row.truth > row.length + 1.5
                guard row.truth >= scenario.exactFrom else { continue }
                #expect(
                    abs(off) <= 0.2 && (abs(end) <= 0.2 || isHole || index == rows.count - 1),
                    "seed \(seed), segment \(index) at \(row.truth): off \(off), end off \(end), flags \(row.flags)"
                )
            }
            let flags = rows.reduce(into: Set<RunSegmenter.Flag>()) { $0.formUnion($1.flags) }
            if let flag = scenario.flag { #expect(flags.contains(flag), "seed \(seed)") }
            if scenario.isClean { #expect(flags.isEmpty, "seed \(seed): \(flags)") }
            if scenario.flag == nil { #expect(!flags.contains(.clockArrival), "seed \(seed)") }
        }
    }

    @Test(arguments: [-31_536_000, -0.4, 0.4, 3600] as [Double])
    func `a clock of the machine that is set is taken over, with a remark`(step: Double) throws {
        let rows = try Self.record(CameraClock(jitter: 0.1), seed: 2, seconds: 120, wallStep: step)
        for row in rows {
            // The segment that was open moves to the new time as a whole.
            let isAfter = row.truthEnd > 60
            #expect(abs(row.start - row.truth - (isAfter ? step : 0)) <= 0.2, "\(row)")
            #expect(row.flags == (isAfter && row.truth < 60 ? [.wallStep] : []), "\(row)")
        }
        #expect(rows.contains { $0.flags == [.wallStep] })
    }

    @Test(arguments: [true, false])
    func `a silence lies between fragments, where it was`(isCounted: Bool) throws {
        let camera = CameraClock(holes: [(60.02, 5, isCounted)], jitter: 0.1)
        let rows = try Self.record(camera, seed: 7, seconds: 90)
        // No segment spans it.
        #expect(rows.allSatisfy { $0.start + $0.length < 60.3 || $0.start > 64.9 }, "\(rows)")
        let fragments = rows.flatMap(\.fragments)
        let holes = zip(fragments, fragments.dropFirst()).filter { $1.start - $0.end > 0.5 }
        #expect(holes.count == 1)
        let hole = try #require(holes.first)
        #expect(abs(hole.0.end - 60.1) < 0.2 && abs(hole.1.start - 65.1) < 0.2, "\(hole)")
    }
}
