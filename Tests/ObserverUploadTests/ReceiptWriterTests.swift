import TemporaryFolders
import System
import Glibc
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import Postgres
import Spool
import Testing

@testable import ObserverUpload

/// A spool of its own and a receipt writer whose database is unavailable.
private final class ReceiptHarness: Sendable {
    let folder: String
    private let place = TemporaryFolder()
    let spool: Spool
    let log = MemoryLogSink()
    let receiptWriter: ReceiptWriter
    let events = Monitor<[UploadStateMachine.Event]>([])

    init() throws {
        folder = place.path
        spool = try Spool(at: folder)
        let events = events
        receiptWriter = ReceiptWriter(
            spool: spool,
            database: try PostgresConfiguration(url: "postgresql://127.0.0.1:1/none", applicationName: "t"),
            crashPoints: CrashPoints(),
            logger: Logger(label: "test", level: .debug, sink: log),
            report: { event in events.withLock { $0.append(event) } }
        )
    }

    func names(_ part: String) -> [String] {
        guard let directory = opendir("\(folder)/\(part)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    func receipts(_ count: Int) throws -> [SegmentID] {
        let receipts = segments(count).map {
            Receipt(segment: $0, etag: "\"e\"", storedAt: Timestamp(milliseconds: 1), tries: 1)
        }
        try spool.write(receipts)
        return receipts.map(\.segment.id)
    }

    /// Runs the receipt writer until the condition holds, then stops it.
    func work(until test: @escaping ([UploadStateMachine.Event]) -> Bool) -> Bool {
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: "receipts") { [receiptWriter, stop] in receiptWriter.run(until: stop) }
        let end = MonotonicInstant.now() + .seconds(20)
        var isDone = false
        while !isDone, MonotonicInstant.now() < end {
            usleep(10_000)
            isDone = events.withLock { test($0) }
        }
        stop.stop()
        thread.join()
        return isDone
    }
}

@Suite struct ReceiptWriterTests {
    @Test func `no task of a segment is dropped, however many wait`() throws {
        let harness = try ReceiptHarness()
        let segment = segments(1)[0]
        for _ in 0..<100_100 { harness.receiptWriter.add(.hash(segment)) }
        let isDone = harness.work { $0.count == 100_100 }
        #expect(isDone)
    }

    @Test func `a database that is unavailable holds up no upload, and is logged once`() throws {
        let harness = try ReceiptHarness()
        let waiting = try harness.receipts(300)
        let segment = segments(1)[0]
        for _ in 0..<50 { harness.receiptWriter.completePending(waiting) }
        harness.receiptWriter.add(.write(segment, etag: "\"e\"", tries: 1))
        let isDone = harness.work { events in
            events.contains { if case .receiptWritten(segment.id, problem: nil) = $0 { true } else { false } }
        }
        #expect(isDone)
        #expect(harness.names("stored").count == 301)
        #expect(harness.log.lines.count { $0.level >= .warning } == 1)
    }

    @Test func `an unreadable receipt stays, an invalid one is quarantined`() throws {
        let harness = try ReceiptHarness()
        let (unreadable, broken) = (segments(1)[0].id, segments(1)[0].id)
        // Reading a folder fails with EISDIR, as reading a bad disk fails with EIO.
        mkdir("\(harness.folder)/stored/\(unreadable).json", 0o700)
        let file = try #require(fopen("\(harness.folder)/stored/\(broken).json", "w"))
        fputs("{", file)
        fclose(file)
        harness.receiptWriter.completePending([unreadable, broken])
        let isDone = harness.work { _ in harness.names("quarantine").count == 1 }
        #expect(isDone)
        #expect(harness.names("stored") == ["\(unreadable).json"])
        #expect(harness.names("quarantine") == ["stored-\(broken).json"])
    }

    @Test func `a file that cannot be read is not one that has changed`() throws {
        let harness = try ReceiptHarness()
        let segment = segments(1)[0]
        mkdir("\(harness.folder)/ready/\(segment.id).mp4", 0o700)
        harness.receiptWriter.add(.hash(segment))
        let isDone = harness.work { events in
            events.contains { if case .hashed(segment.id, .unreadable) = $0 { true } else { false } }
        }
        #expect(isDone)
    }
}
