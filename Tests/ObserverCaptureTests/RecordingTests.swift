import System
import Glibc
import Lifecycle
import Logging
import Media
import ObserverCore
import Postgres
import Spool
import Testing

@testable import ObserverCapture

/// A recording on a real spool whose disk fails.
@Suite struct RecordingTests {
    private let root = "/tmp/observer-recording-\(UInt64.random(in: 0 ... .max))"
    private let writers: WriterPool
    private let writeQueue = WriteQueue(camera: CameraID(rawValue: 7))
    private let recording: Recording
    private let stop = StopSignal()
    private let threads: [DedicatedThread]

    init() throws {
        let spool = try Spool(at: root)
        let logger = Logger(label: "test", level: .error)
        writers = WriterPool(spool: spool, threads: 1, logger: logger) { _ in }
        let configuration = try PostgresConfiguration(url: "postgresql://127.0.0.1/x", applicationName: "test")
        let statusWriter = StatusWriter(configuration, recorder: "test", logger: logger)
        let context = RecorderContext(
            recorder: "test",
            spool: spool,
            prefix: "test",
            snapshotInterval: nil,
            writers: writers,
            snapshots: SnapshotPool(statusWriter: statusWriter, logger: logger),
            statusWriter: statusWriter,
            resolver: CameraResolver(policy: .standard),
            logger: logger
        )
        let streams = StreamDescription(video: VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: 5))
        recording = Recording(streams, camera: Self.camera, epoch: { 1 }, writeQueue: writeQueue, context: context)
        threads = writers.services.map { [stop] service in
            DedicatedThread.start(name: service.name) {
                do { try service.run(until: stop) } catch { Issue.record(error) }
            }
        }
    }

    static var camera: Camera {
        var settings = CameraSettings()
        settings.name = "Gate"
        settings.location = "Yard"
        settings.url = "http://192.0.2.1/x"
        settings.isActive = true
        settings.segmentSeconds = 2
        settings.transport = .auto
        return Camera(
            id: CameraID(rawValue: 7),
            settings: settings,
            hasPassword: false,
            version: 1,
            createdAt: Timestamp(milliseconds: 0),
            updatedAt: Timestamp(milliseconds: 0)
        )
    }

    /// Takes frames, five to each second of the stream's clock, until `isDone` or so many were taken.
    private func take(from first: Int64, until isDone: () -> Bool) throws -> Int64 {
        let frame: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        for index in first..<first + 300 {
            guard !isDone() else { return index }
            try frame.withUnsafeBytes { bytes in
                let time = index * 18_000
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
            }
            usleep(2000)
        }
        return first + 300
    }

    private func end() {
        recording.end(.stopped)
        stop.stop()
        for thread in threads { thread.join() }
        for folder in ["open", "away", "ready"] {
            guard let entries = opendir("\(root)/\(folder)") else { continue }
            while let entry = readdir(entries) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                unlink("\(root)/\(folder)/\(name)")
            }
            closedir(entries)
        }
        for name in ["open", "away", "ready", "stored", "quarantine"] { rmdir("\(root)/\(name)") }
        for name in ["open", "SPOOL_ID", "VERSION", "reserve"] { unlink("\(root)/\(name)") }
        rmdir(root)
    }

    @Test func `while the disk fails nothing counts as recorded, however much is queued`() throws {
        defer { end() }
        // A file where the folder of open segments should be.
        rename("\(root)/open", "\(root)/away")
        close(open("\(root)/open", O_CREAT | O_WRONLY, 0o600))
        var failures = 0
        var next = try take(from: 0) {
            if recording.takeFailure() != nil { failures += 1 }
            #expect(recording.takeNewlyCovered() == nil)
            return failures == 3
        }
        #expect(failures == 3)
        #expect(recording.coveredUntil == nil && writeQueue.written == nil)

        unlink("\(root)/open")
        rename("\(root)/away", "\(root)/open")
        var covered: Timestamp?
        next = try take(from: next) {
            _ = recording.takeFailure()
            covered = recording.takeNewlyCovered()
            return covered != nil
        }
        let from = try #require(covered)
        let until = try #require(recording.coveredUntil)
        #expect(until > from)

        // Fails again: covered is what was written, and the next beginning lies behind it.
        rename("\(root)/open", "\(root)/away")
        close(open("\(root)/open", O_CREAT | O_WRONLY, 0o600))
        _ = try take(from: next) {
            #expect(recording.takeNewlyCovered() == nil)
            return recording.takeFailure() != nil
        }
        #expect(recording.coveredUntil == writeQueue.written?.until)
        #expect(recording.coveredUntil.map { $0 >= until } == true)
    }

    @Test func `a short recording counts once it is written`() throws {
        defer { end() }
        let next = try take(from: 0) { false }
        #expect(next == 300)
        #expect(recording.takeNewlyCovered(by: .now() + .seconds(5)) != nil)
        #expect(recording.takeNewlyCovered() == nil)
    }
}
