import Lifecycle
import Logging
import ObserverCore
import Spool
import System
import TemporaryFolders
import TestSupport
import Testing

@testable import ObserverUpload

/// Sweeps of a spool, with and without a watch.
@Suite(.timeLimit(.minutes(1))) struct SpoolSweeperTests {
    private let folder = TemporaryFolder()
    private let reports = Monitor<[[SegmentID]]>([])

    private func running(_ spool: Spool, interval: Duration) -> (sweeper: SpoolSweeper, stop: StopSignal) {
        let sweeper = SpoolSweeper(
            spool: spool,
            interval: interval,
            logger: Logger(label: "sweeper", level: .info, sink: MemoryLogSink())
        ) { [reports] event in
            if case .found(let ids) = event { reports.withLock { $0.append(ids) } }
        }
        let stop = StopSignal()
        DedicatedThread.start(name: "sweeper") { sweeper.run(until: stop) }
        return (sweeper, stop)
    }

    private func fill(_ spool: Spool, _ count: Int) throws -> [SegmentID] {
        try (0..<count).map { index in
            let id = SegmentID.make(at: Timestamp(milliseconds: 1_700_000_000_000 + Int64(index) * 1000))
            try File.writeDurably([1], to: spool.media(id))
            return id
        }
    }

    private func count(_ expected: Int) -> Bool {
        reports.wait(until: .now() + .seconds(20)) { $0.count >= expected }
    }

    @Test func `the first sweep is the one of the watch`() throws {
        let spool = try Spool(at: folder.path)
        let ids = try fill(spool, 3)
        let (sweeper, stop) = running(spool, interval: .seconds(3600))
        sweeper.watchBegan()
        #expect(count(1))
        stop.stop()
        #expect(reports.withLock { $0 } == [ids])
    }

    @Test func `without a watch there is a sweep at each interval`() throws {
        let spool = try Spool(at: folder.path)
        _ = try fill(spool, 1)
        let (sweeper, stop) = running(spool, interval: .milliseconds(50))
        sweeper.watchEnded()
        #expect(count(4))
        stop.stop()
    }

    @Test func `with a watch a sweep is made when it is asked for, and not when it is suggested so soon`() throws {
        let spool = try Spool(at: folder.path)
        _ = try fill(spool, 1)
        let (sweeper, stop) = running(spool, interval: .milliseconds(20))
        sweeper.watchBegan()
        #expect(count(1))
        sweeper.suggest()
        #expect(poll(for: .seconds(5)) { !sweeper.isAsked })
        #expect(reports.withLock { $0.count } == 1)
        sweeper.wake()
        #expect(count(2))
        stop.stop()
    }
}
