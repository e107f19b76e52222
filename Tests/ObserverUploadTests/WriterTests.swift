import Glibc
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import Postgres
import Spool
import System
import TemporaryFolders
import Testing

@testable import ObserverUpload

/// A spool of its own, the threads that write to it, and a database that is unavailable.
private final class WriterHarness: Sendable {
    private let place = TemporaryFolder()
    let spool: Spool
    let log = MemoryLogSink()
    let rows: RowWriter
    let writer: SpoolWriter
    let events = Monitor<[UploadStateMachine.Event]>([])

    init() throws {
        spool = try Spool(at: place.path)
        let events = events
        let report: @Sendable (UploadStateMachine.Event) -> Void = { event in events.withLock { $0.append(event) } }
        let logger = Logger(label: "test", level: .debug, sink: log)
        rows = RowWriter(
            database: try PostgresConfiguration(url: "postgresql://127.0.0.1:1/none", applicationName: "t"),
            crashPoints: CrashPoints(),
            logger: logger,
            report: report
        )
        writer = SpoolWriter(spool: spool, rows: rows, crashPoints: CrashPoints(), logger: logger, report: report)
    }

    /// Runs the writers until the condition holds, then stops them.
    func work(until test: @escaping ([UploadStateMachine.Event]) -> Bool) -> Bool {
        let stop = StopSignal()
        let threads = [
            DedicatedThread.start(name: "rows") { [rows] in rows.run(until: stop) },
            DedicatedThread.start(name: "spool") { [writer] in writer.run(until: stop) },
        ]
        let isDone = events.wait(until: .now() + .seconds(120), test)
        stop.stop()
        for thread in threads { thread.join() }
        return isDone
    }
}

@Suite struct WriterTests {
    @Test func `no task of a segment is dropped, however many wait`() throws {
        let harness = try WriterHarness()
        let segment = segments(1)[0]
        for _ in 0..<100_100 { harness.writer.add(.hash(segment)) }
        let isDone = harness.work { $0.count == 100_100 }
        #expect(isDone)
    }

    @Test func `a receipt that the disk does not take is noted when it does`() throws {
        let harness = try WriterHarness()
        let segment = segments(1)[0]
        let (stored, away) = (harness.spool.layout.stored, harness.spool.layout.root + "/away")
        try File.rename(stored, to: away)
        harness.writer.add(.append([.sample(segment)], isProof: false))
        harness.writer.add(.hash(segment))
        let isDone = harness.work { events in
            guard !events.isEmpty else { return false }
            // The disk has refused it by now.
            try? File.rename(away, to: stored)
            return true
        }
        #expect(isDone)
        #expect(try harness.spool.receipts(from: .beginning).lines.map(\.id) == [segment.id])
        let isTold = harness.events.withLock { events in
            events.contains { event in if case .receiptsNoted = event { true } else { false } }
        }
        #expect(isTold)
    }

    @Test func `a database that is unavailable is told, and holds up no receipt`() throws {
        let harness = try WriterHarness()
        let receipt = Receipt.sample(segments(1)[0])
        harness.rows.add(.write([receipt]))
        harness.rows.add(.find(receipt.segment.id))
        harness.writer.add(.append([receipt], isProof: true))
        harness.writer.add(.replay(from: .beginning))
        let isDone = harness.work { $0.count == 4 }
        #expect(isDone)
        let (written, found, appended, replayed) = harness.events.withLock { events in
            (
                events.contains { if case .rowsWritten(.unavailable) = $0 { true } else { false } },
                events.contains { if case .rowFound(receipt.segment.id, .unavailable) = $0 { true } else { false } },
                events.contains { if case .receiptsAppended(problem: nil) = $0 { true } else { false } },
                events.contains { if case .receiptsReplayed(.unavailable) = $0 { true } else { false } }
            )
        }
        #expect(written && found && appended && replayed)
        #expect(try harness.spool.newestReceipts(limit: 2) == [receipt])
    }

    @Test func `a folder that is away has deleted nothing`() throws {
        let harness = try WriterHarness()
        let id = segments(1)[0].id
        rename(harness.spool.layout.ready, harness.spool.root + "/away")
        harness.writer.add(.delete([id]))
        let isDone = harness.work { events in
            events.contains { if case .deleted([id], let problems) = $0 { problems[id] != nil } else { false } }
        }
        #expect(isDone)
    }

    @Test func `a file that cannot be read is not one that has changed`() throws {
        let harness = try WriterHarness()
        let segment = segments(1)[0]
        mkdir(harness.spool.layout.media(segment.id), 0o700)
        harness.writer.add(.hash(segment))
        harness.writer.add(.restoreSidecar(segment))
        let isDone = harness.work { events in
            events.count { if case .hashed(segment.id, .unreadable) = $0 { true } else { false } } == 2
        }
        #expect(isDone)
    }
}

/// The files that the uploader finds in the spool.
@Suite struct PreparationTests {
    private let place = TemporaryFolder()
    private let segment = segments(1)[0]

    private func write(_ text: String, _ path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    @Test func `a segment is missing only in a spool that is there and ours`() throws {
        let spool = try Spool(at: place.path)
        #expect(spool.prepare(segment.id) == .missing)
        rename(spool.layout.ready, spool.root + "/away")
        guard case .unreadable = spool.prepare(segment.id) else {
            Issue.record("missing in a folder that is away")
            return
        }
        rename(spool.root + "/away", spool.layout.ready)
        try write("\(SpoolID.makeRandom())\n", spool.root + "/SPOOL_ID")
        guard case .unreadable = spool.prepare(segment.id) else {
            Issue.record("missing in another spool")
            return
        }
    }

    @Test func `media without sidecar, with another's, and of another length are told apart`() throws {
        let spool = try Spool(at: place.path)
        try write("bytes", spool.layout.media(segment.id))
        #expect(spool.prepare(segment.id) == .withoutSidecar("it has no sidecar"))
        try write("x", spool.layout.sidecar(segment.id))
        guard case .withoutSidecar = spool.prepare(segment.id) else {
            Issue.record("a sidecar that is none")
            return
        }
        try spool.restoreSidecar(segment)
        guard case .corrupt(segment, _) = spool.prepare(segment.id) else {
            Issue.record("a file that is too short")
            return
        }
        truncate(spool.layout.media(segment.id), off_t(segment.media.bytes))
        #expect(spool.prepare(segment.id) == .ready(segment))
    }

    @Test func `a commit that is under way is waited for`() throws {
        let spool = try Spool(at: place.path)
        try write("bytes", spool.layout.media(segment.id))
        try write("{}", spool.layout.draft(segment.id))
        #expect(spool.prepare(segment.id) == .unreadable("it is being committed"))
    }
}
