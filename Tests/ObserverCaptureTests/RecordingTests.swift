import System
import Glibc
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import Spool
import Synchronization
import Testing

@testable import ObserverCapture

/// A recording on a real spool whose disk fails.
@Suite struct RecordingTests {
    private let bench: CaptureBench
    private let writeQueue: WriteQueue
    private let recording: Recording
    private let stop = StopSignal()
    private let threads: [DedicatedThread]

    init() throws {
        bench = try CaptureBench()
        writeQueue = bench.writeQueue(CaptureBench.camera().id)
        recording = bench.recording(writeQueue, framesPerSecond: 500)
        threads = bench.startWriters(until: stop)
    }

    private var root: String { bench.root }
    private var gaps: Monitor<[Gap]> { bench.gaps }
    private var committed: Monitor<[Segment]> { bench.committed }
    private var gate: WriteGate { bench.gate }

    private static func lease(sentAt: MonotonicInstant) -> Lease { CaptureBench.lease(sentAt: sentAt) }

    /// Takes frames, one each 2 ms of both clocks, until `isDone`, or for 20 s.
    private func take(from first: Int64, until isDone: () -> Bool) throws -> Int64 {
        let frame: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        for index in first..<first + 10_000 {
            guard !isDone() else { return index }
            try frame.withUnsafeBytes { bytes in
                let time = index * 180
                let packet = MediaPacket(
                    track: .video,
                    decodeTime: time,
                    presentationTime: time,
                    isKey: true,
                    bytes: bytes
                )
                let arrival = MonotonicInstant.now().nanoseconds
                try recording.segmenter.take(packet, arrival: arrival, wallClock: WallTime.now().microseconds)
                recording.update(receivedBytes: 0)
                bench.writers.wake()
            }
            usleep(1900)
        }
        return first + 10_000
    }

    private var isRecording: Bool { writeQueue.coverage.isRecording }

    /// The gaps whose cause is the disk.
    private var failures: [Gap] { gaps.withLock { $0 }.filter { $0.cause == .diskFailed } }

    private func breakDisk() {
        // A file where the folder of open segments should be.
        rename("\(root)/open", "\(root)/away")
        close(open("\(root)/open", O_CREAT | O_WRONLY, 0o600))
    }

    private func mendDisk() {
        unlink("\(root)/open")
        rename("\(root)/away", "\(root)/open")
    }

    private func end() {
        recording.end(.stopped)
        stop.stop()
        for thread in threads { thread.join() }
        bench.remove()
    }

    @Test func `while the disk fails nothing counts as recorded, however much is queued`() throws {
        defer { end() }
        breakDisk()
        var count = 0
        var next = try take(from: 0) {
            count += 1
            #expect(!isRecording)
            return count > 500 && !failures.isEmpty
        }
        #expect(failures.count == 1 && failures.last?.endedAt == nil)
        mendDisk()
        next = try take(from: next) { isRecording }
        #expect(isRecording && failures.count == 1)
        let gap = try #require(failures.last)
        let end = try #require(gap.endedAt)
        #expect(end.milliseconds - gap.startedAt.milliseconds > 900)

        // Fails again: the next gap begins behind what was written.
        breakDisk()
        next = try take(from: next) { failures.count == 2 }
        #expect(failures.last.map { $0.startedAt > end } == true)
        mendDisk()
        _ = try take(from: next) { isRecording }
    }

    @Test func `what was written before the disk failed is committed when it works again, and is no gap`() throws {
        defer { end() }
        var next = try take(from: 0) { isRecording }
        next = try take(from: next) {
            next += 1; return next > 700
        }
        breakDisk()
        // It stays broken for a while: were it mended at once, nothing might be missing, and there would be no gap.
        var lost = 0
        next = try take(from: next) {
            if !failures.isEmpty { lost += 1 }
            return lost > 300
        }
        mendDisk()
        next = try take(from: next) { isRecording }
        let gap = try #require(failures.first)
        let end = try #require(gap.endedAt)
        // The footage before the gap: all of it.
        let reaches = committed.wait(until: .now() + .seconds(10)) { segments in
            segments.contains { abs($0.endedAt.milliseconds - gap.startedAt.milliseconds) <= 200 }
        }
        #expect(reaches)
        #expect(end.milliseconds - gap.startedAt.milliseconds > 500)
        for segment in committed.withLock({ $0 }) {
            #expect(
                segment.endedAt.milliseconds <= gap.startedAt.milliseconds + 200 || segment.startedAt > gap.startedAt
            )
        }
    }

    @Test func `a commit that fails costs nothing, and is made up for when the disk works again`() throws {
        defer { end() }
        var next = try take(from: 0) { isRecording }
        rename("\(root)/ready", "\(root)/away")
        close(open("\(root)/ready", O_CREAT | O_WRONLY, 0o600))
        var count = 0
        next = try take(from: next) {
            count += 1
            return count > 2500
        }
        #expect(isRecording && committed.withLock { $0.isEmpty })
        unlink("\(root)/ready")
        rename("\(root)/away", "\(root)/ready")
        _ = try take(from: next) { committed.withLock { $0.count } >= 3 }
        let segments = committed.withLock { $0 }
        #expect(segments.count >= 3 && segments.allSatisfy { $0.end.reason == .duration })
        #expect(failures.isEmpty)
    }

    @Test func `while nobody knows whose the camera is what comes waits, and nothing is missing`() throws {
        defer { end() }
        var next = try take(from: 0) { isRecording }
        gate.set(Self.lease(sentAt: .now() + .seconds(-10)))
        next = try take(from: next) { writeQueue.queuedBytes.load(ordering: .relaxed) > 0 }
        let written = committed.withLock { $0.count }
        var count = 0
        next = try take(from: next) {
            count += 1; return count > 1500
        }
        #expect(committed.withLock { $0.count } == written)
        gate.set(Self.lease(sentAt: .now() + .seconds(3600)))
        _ = try take(from: next) { committed.withLock { $0.count } > written + 1 }
        #expect(gaps.withLock { $0.allSatisfy { $0.endedAt != nil && $0.cause == .noRecorder } })
        #expect(gaps.withLock { $0.count } <= 1)
    }

    @Test func `once another recorder has the camera nothing more is written, and what was is committed`() throws {
        defer { end() }
        let next = try take(from: 0) { isRecording }
        var lost = Self.lease(sentAt: .now())
        let round = Lease.Round(isCurrent: false, hasBeaten: false, peers: [], cameras: 1, held: [:])
        lost.answered(round, sentAt: .now(), at: .now())
        gate.set(lost)
        let moment = Timestamp.now()
        _ = try take(from: next) { gaps.withLock { $0.contains { $0.endedAt == nil && $0.cause == .noRecorder } } }
        #expect(committed.wait(until: .now() + .seconds(10)) { $0.contains { $0.end.reason == .recovered } })
        #expect(committed.withLock { $0.allSatisfy { $0.endedAt < moment.advanced(byMilliseconds: 1500) } })
        #expect(!isRecording)
    }

    @Test func `a silence inside the connection is a gap`() throws {
        defer { end() }
        let next = try take(from: 0) { isRecording }
        usleep(2_500_000)
        _ = try take(from: next + 1250) { gaps.withLock { $0.contains { $0.cause == .stalled } } }
        let gap = try #require(gaps.withLock { $0.first { $0.cause == .stalled } })
        let length = (gap.endedAt?.milliseconds ?? 0) - gap.startedAt.milliseconds
        #expect((2300...2700).contains(length))
        #expect(isRecording)
    }

    @Test func `a short recording counts once it is written`() throws {
        defer { end() }
        var count = 0
        _ = try take(from: 0) {
            count += 1; return count == 50
        }
        recording.end(.lost)
        let first = Monitor(false)
        let isRecorded = (0..<100).contains { _ in
            _ = first.wait(until: .now() + .milliseconds(50)) { $0 }
            return isRecording
        }
        #expect(isRecorded)
    }
}
