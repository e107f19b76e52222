import Glibc
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import Spool
import System
import Testing

@testable import ObserverCapture

/// Recordings on a machine whose clock is a year ahead.
@Suite struct RecordingClockTests {
    private static let year = Duration.seconds(365 * 86_400)
    private let clock: SharedClock
    private let bench: CaptureBench
    private let writeQueue: WriteQueue
    private let recording: Recording
    private let stop = StopSignal()
    private let threads: [DedicatedThread]

    init() throws {
        clock = SharedClock(in: nil, boot: "test", kept: nil, logger: Logger(label: "test", level: .error)) {
            let now = SystemClock.read()
            return SystemClock.Reading(
                wall: WallTime(seconds: now.wall.seconds + 365 * 86_400, nanoseconds: now.wall.nanoseconds),
                instant: now.instant
            )
        }
        bench = try CaptureBench(clock: clock)
        writeQueue = bench.writeQueue(CaptureBench.camera().id)
        recording = bench.recording(writeQueue, framesPerSecond: 50)
        threads = bench.startWriters(until: stop)
    }

    /// Takes frames that came one each 20 ms up to now, for so many seconds.
    private func take(seconds: Int64) throws -> Timestamp {
        let frame: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        let first = MonotonicInstant.now() + .seconds(-seconds)
        for index in 0..<seconds * 50 {
            try frame.withUnsafeBytes { bytes in
                let packet = MediaPacket(
                    track: .video,
                    decodeTime: index * 1800,
                    presentationTime: index * 1800,
                    isKey: true,
                    bytes: bytes
                )
                let arrival = first + .milliseconds(20 * index)
                let wallClock = clock.time(at: arrival).microseconds
                try recording.segmenter.take(packet, arrival: arrival.nanoseconds, wallClock: wallClock)
                recording.update(receivedBytes: 0)
                bench.writers.wake()
            }
        }
        recording.end(.stopped)
        return Timestamp.now().advanced(bySeconds: -seconds)
    }

    /// Answers for the database, whose clock is right.
    private func tellTime() {
        let now = MonotonicInstant.now()
        clock.hear(.now(), sent: now, received: now)
    }

    private func end() {
        stop.stop()
        for thread in threads { thread.join() }
        bench.remove()
    }

    @Test func `what is recorded before the time is known waits, and is committed at its time`() throws {
        defer { end() }
        let begun = try take(seconds: 25)
        let isEarly = bench.committed.wait(until: .now() + .seconds(3)) { !$0.isEmpty }
        #expect(!isEarly && !clock.isCertain)
        tellTime()
        #expect(clock.isCertain && clock.trouble?.contains("31536000 s ahead") == true)
        _ = bench.committed.wait(until: .now() + .seconds(10)) { $0.reduce(0) { $0 + $1.media.frames } >= 25 * 50 }
        let segments = bench.committed.withLock { $0 }.sorted { $0.startedAt < $1.startedAt }
        var expected = begun
        for segment in segments {
            #expect((-200...200).contains(segment.startedAt.milliseconds - expected.milliseconds), "\(segment.header)")
            #expect(segment.problem == nil && segment.end.flags.contains(.wallStep))
            #expect(try bench.context.spool.segment(segment.id) == segment)
            expected = segment.endedAt
        }
        #expect(segments.reduce(0) { $0 + $1.media.frames } == 25 * 50)
    }

    @Test func `what waits when the process ends is committed at its time by the next one`() throws {
        defer { bench.remove() }
        let begun = try take(seconds: 25)
        _ = bench.committed.wait(until: .now() + .seconds(2)) { !$0.isEmpty }
        stop.stop()
        for thread in threads { thread.join() }
        #expect(bench.committed.withLock { $0.isEmpty })
        tellTime()
        let results = try bench.context.spool.recover(as: "test", time: clock.spoolTime)
        let starts = results.compactMap { result in if case .segment(let segment) = result { segment } else { nil } }
        #expect(starts.reduce(0) { $0 + $1.media.frames } == 25 * 50)
        let first = try #require(starts.map(\.startedAt.milliseconds).min())
        #expect((-200...200).contains(first - begun.milliseconds))
    }
}
