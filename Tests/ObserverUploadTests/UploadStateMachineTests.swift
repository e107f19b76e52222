import System
import ObserverCore
import ObserverMessages
import Spool
import Testing

@testable import ObserverUpload

@Suite struct UploadStateMachineTests {
    private let segment = segments(1)[0]

    @Test func `a segment is put, its row written, its file deleted, and only then acknowledged`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        #expect(harness.handle(.putFinished(segment.id, .stored(.sample))) == [.writeRows([.sample(segment)])])
        #expect(!harness.machine.isIdle)
        #expect(
            harness.handle(.rowsWritten(.written([segment.id: .stored]))) == [
                .appendReceipts([.sample(segment)], isProof: false), .delete([segment.id]),
            ]
        )
        #expect(harness.handle(.deleted([segment.id], problems: [:])) == [.resolve(1, .acknowledge)])
        #expect(harness.machine.count == 0)
    }

    @Test func `a copy is acknowledged while the first is under way`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        #expect(
            harness.handle(.received(SegmentRecorded(segment: segment), 2)) == [.resolve(2, .acknowledge)]
        )
        #expect(harness.handle(.found([segment.id])).isEmpty)
    }

    @Test func `the sweep feeds the uploader without any message`() {
        var harness = UploadMachineHarness()
        #expect(harness.handle(.found([segment.id])) == [.prepare(segment.id)])
        #expect(harness.handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
        #expect(harness.handle(.putFinished(segment.id, .stored(.sample))) == [.writeRows([.sample(segment)])])
        #expect(harness.settle(segment).isEmpty)
        // Its message comes late.
        #expect(harness.handle(.received(SegmentRecorded(segment: segment), 1)) == [.resolve(1, .acknowledge)])
    }

    @Test func `an object that is there already is ours when length and hash are the same`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        #expect(harness.handle(.putFinished(segment.id, .exists)) == [.compare(segment)])
        #expect(
            harness.handle(.headFinished(segment.id, .same(.sample))) == [.writeRows([.sample(segment)])]
        )
    }

    @Test func `other bytes under the key dead-letter the segment at once`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        _ = harness.handle(.putFinished(segment.id, .exists))
        let actions = harness.handle(.headFinished(segment.id, .different))
        guard case .deadLetter(let upload)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(upload.failure.kind == .corrupt && upload.segment == segment)
    }

    @Test func `three refusals dead-letter it, with one line, and the sweep leaves it alone until its time`() {
        var harness = UploadMachineHarness()
        for attempt in 1...2 {
            harness.begin(segment, attempt: attempt, delivery: attempt)
            let recorded = SegmentRecorded(attempt: attempt, segment: segment)
            #expect(
                harness.handle(.putFinished(segment.id, .refused(.of(segment))))
                    == [.publishRetry(recorded, pause: .seconds(attempt == 1 ? 5 : 30))]
            )
            #expect(
                harness.handle(.published(segment.id, isConfirmed: true)) == [.resolve(attempt, .acknowledge)]
            )
            // It waits in the retry queue: neither lost nor for the sweep.
            #expect(harness.handle(.found([segment.id])).isEmpty)
        }
        harness.begin(segment, attempt: 3, delivery: 3)
        let upload = UploadStateMachine.DeadUpload(
            id: segment.id,
            segment: segment,
            announced: segment,
            failure: Failure(kind: .refused, detail: "400"),
            tries: 3,
            cycle: 0
        )
        #expect(harness.handle(.putFinished(segment.id, .refused(.of(segment)))) == [.deadLetter(upload)])
        #expect(harness.handle(.published(segment.id, isConfirmed: true)) == [.resolve(3, .acknowledge)])

        // A duplicate of the third try is no fourth.
        let copy = SegmentRecorded(attempt: 3, segment: segment)
        #expect(harness.handle(.received(copy, 4)) == [.resolve(4, .acknowledge)])
        _ = harness.pass(.seconds(500))
        #expect(harness.handle(.found([segment.id])).isEmpty)
        #expect(harness.pass(.seconds(200)) == [.prepare(segment.id)])
        // The next cycle begins with its first try.
        _ = harness.handle(.prepared(segment.id, .ready(segment)))
        let next = SegmentRecorded(attempt: 1, cycle: 1, segment: segment)
        let actions = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
        #expect(actions == [.publishRetry(next, pause: .seconds(5))])
    }

    @Test(arguments: [Int.max, 1001, 1000, 999])
    func `the cycles of a segment end at the last that a message can name`(cycle: Int) {
        var harness = UploadMachineHarness()
        harness.begin(segment, attempt: 3, cycle: cycle)
        _ = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
        _ = harness.handle(.published(segment.id, isConfirmed: true))
        #expect(harness.pass(.seconds(7 * 3600)).contains(.prepare(segment.id)))
        _ = harness.handle(.prepared(segment.id, .ready(segment)))
        let actions = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
        guard case .publishRetry(let next, _)? = actions.first else {
            Issue.record("not tried again")
            return
        }
        #expect(SegmentRecorded.cycles.contains(next.cycle) && next.cycle == 1000)
    }

    @Test func `a copy of any earlier try is acknowledged and begins nothing`() {
        var harness = UploadMachineHarness()
        func expectCopy(_ attempt: Int, _ cycle: Int, sourceLocation: SourceLocation = #_sourceLocation) {
            let copy = SegmentRecorded(attempt: attempt, cycle: cycle, segment: segment)
            let actions = harness.handle(.received(copy, 99))
            #expect(actions == [.resolve(99, .acknowledge)], sourceLocation: sourceLocation)
        }
        for cycle in 0...1 {
            for attempt in 1...3 {
                harness.begin(segment, attempt: attempt, cycle: cycle)
                expectCopy(1, cycle)
                _ = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
                _ = harness.handle(.published(segment.id, isConfirmed: true))
                for earlier in 1...attempt { expectCopy(earlier, cycle) }
                expectCopy(3, cycle - 1)
            }
        }
    }

    @Test func `when S3 takes segments again, those it had refused go at once`() {
        var harness = UploadMachineHarness()
        let all = segments(4)
        for segment in all[..<3] { harness.deadLetter(segment) }
        #expect(harness.machine.count == 0)
        harness.begin(all[3])
        let actions = harness.handle(.putFinished(all[3].id, .stored(.sample)))
        #expect(actions.contains(.report(.storeAccepts(3))))
        for segment in all[..<3] { #expect(actions.contains(.prepare(segment.id))) }
        // The next one that is stored changes nothing.
        _ = harness.settle(all[3])
        let next = segments(1)[0]
        harness.begin(next)
        #expect(harness.handle(.putFinished(next.id, .stored(.sample))) == [.writeRows([.sample(next)])])
    }

    @Test func `a segment that alone is refused does not go early again and again`() {
        var harness = UploadMachineHarness()
        var early = 0
        harness.deadLetter(segment)
        for _ in 0..<20 {
            let other = segments(1)[0]
            harness.begin(other)
            let actions = harness.handle(.putFinished(other.id, .stored(.sample)))
            _ = harness.settle(other)
            guard actions.contains(.prepare(segment.id)) else { continue }
            early += 1
            for attempt in 1...3 {
                if attempt > 1 { harness.announce(segment, attempt: attempt, cycle: early) }
                _ = harness.handle(.prepared(segment.id, .ready(segment)))
                _ = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
                _ = harness.handle(.published(segment.id, isConfirmed: true))
            }
        }
        #expect(early == 1)
        // After a cycle at its time it may go early once more.
        #expect(harness.pass(.seconds(3600)).contains(.prepare(segment.id)))
    }

    @Test func `an unreadable file is tried again after growing waits, and logged once`() {
        var harness = UploadMachineHarness()
        _ = harness.handle(.received(SegmentRecorded(segment: segment), 1))
        var tries = 0
        var told = 0
        var isGone = false
        for _ in 0..<600 {
            for case .prepare in harness.pass(.seconds(1)) + (tries == 0 ? [.prepare(segment.id)] : []) {
                tries += 1
                var actions: [UploadStateMachine.Action]
                if isGone {
                    actions = harness.handle(.prepared(segment.id, .unreadable("EIO")))
                } else {
                    actions = harness.handle(.prepared(segment.id, .ready(segment)))
                    actions = harness.handle(.putFinished(segment.id, .unreadable("EIO")))
                }
                isGone.toggle()
                told += actions.count { if case .report(.unreadable) = $0 { true } else { false } }
            }
        }
        #expect((10...40).contains(tries))
        #expect(told == 1)
        #expect(harness.machine.count == 1)
    }

    @Test func `a file that cannot be read when it is hashed is not corrupt`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        _ = harness.handle(.putFinished(segment.id, .digestMismatch))
        #expect(harness.handle(.hashed(segment.id, .unreadable("EIO"))).isEmpty)
        #expect(harness.pass(.seconds(2)) == [.prepare(segment.id)])
    }

    @Test func `a replay by hand begins at once`() {
        var harness = UploadMachineHarness()
        harness.begin(segment, attempt: 3)
        _ = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
        _ = harness.handle(.published(segment.id, isConfirmed: true))
        harness.begin(segment, attempt: 1, cycle: 1, delivery: 9)
    }

    @Test func `without a broker the tries go on here`() {
        var harness = UploadMachineHarness()
        _ = harness.handle(.found([segment.id]))
        for attempt in 1...3 {
            #expect(harness.handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
            let actions = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
            guard attempt < 3 else {
                #expect(actions.count == 1)
                break
            }
            #expect(harness.handle(.published(segment.id, isConfirmed: false)).isEmpty)
            #expect(harness.pass(.seconds(3)).isEmpty)
            #expect(harness.pass(.seconds(attempt == 1 ? 3 : 30)) == [.prepare(segment.id)])
        }
    }

    @Test func `trouble never uses up a try, and everything goes at once when S3 is back`() {
        var harness = UploadMachineHarness(parallel: 4)
        let all = segments(4)
        for (index, segment) in all.enumerated() { harness.begin(segment, delivery: index) }
        var reports: [UploadStateMachine.Action] = []
        for segment in all { reports += harness.handle(.putFinished(segment.id, .trouble(.connection, "refused"))) }
        #expect(reports == [.report(.storeUnavailable("refused"))])

        // For an hour only single probes go out.
        var probes = 0
        for _ in 0..<3600 {
            for case .prepare(let id) in harness.pass(.seconds(1)) {
                probes += 1
                #expect(harness.handle(.prepared(id, .ready(all.first { $0.id == id } ?? segment))).count == 1)
                #expect(harness.handle(.putFinished(id, .trouble(.connection, "refused"))).isEmpty)
            }
        }
        #expect((100...3600).contains(probes))

        var prepared: [SegmentID] = []
        while prepared.isEmpty {
            prepared = harness.pass(.seconds(1)).compactMap { if case .prepare(let id) = $0 { id } else { nil } }
        }
        #expect(prepared.count == 1)
        let first = prepared[0]
        _ = harness.handle(.prepared(first, .ready(all.first { $0.id == first } ?? segment)))
        let actions = harness.handle(.putFinished(first, .stored(.sample)))
        #expect(actions.contains(.report(.storeAvailable())))
        #expect(actions.contains(.sweep))
        #expect(actions.contains(.writeRows([.sample(all.first { $0.id == first } ?? segment)])))
        #expect(actions.contains { if case .prepare = $0 { true } else { false } })
    }

    @Test func `a delivery that is held long is acknowledged, and its segment still goes`() {
        var harness = UploadMachineHarness(parallel: 1)
        harness.begin(segment)
        _ = harness.handle(.putFinished(segment.id, .trouble(.timeout, "slow")))
        harness.now = harness.now + .seconds(601)
        let actions = harness.handle(.tick)
        #expect(actions == [.resolve(1, .acknowledge), .prepare(segment.id)])
    }

    @Test func `bytes that changed on the way are sent again, bytes that changed on the disk are dead-lettered`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        #expect(harness.handle(.putFinished(segment.id, .digestMismatch)) == [.hash(segment)])
        #expect(harness.handle(.hashed(segment.id, .intact)).isEmpty)
        #expect(harness.pass(.seconds(1)) == [.prepare(segment.id)])
        _ = harness.handle(.prepared(segment.id, .ready(segment)))
        _ = harness.handle(.putFinished(segment.id, .digestMismatch))
        guard case .deadLetter(let upload)? = harness.handle(.hashed(segment.id, .different)).first else {
            Issue.record("not dead-lettered")
            return
        }
        #expect(upload.failure.kind == .corrupt)
    }

    @Test func `no more uploads are under way than allowed`() {
        var harness = UploadMachineHarness(parallel: 3)
        let all = segments(10)
        let actions = harness.handle(.found(all.map(\.id)))
        #expect(actions == [.prepare(all[9].id), .prepare(all[8].id), .prepare(all[7].id)])
    }

    @Test func `a backlog is more than the jobs, and goes on without another sweep, newest first`() {
        var harness = UploadMachineHarness(parallel: 1, mostJobs: 10)
        let all = segments(51)
        var actions = harness.handle(.found(all[..<50].map(\.id)))
        #expect(harness.machine.jobs.count == 10 && harness.machine.count == 50)
        var order: [Int] = []
        while case .prepare(let id)? = actions.first(where: { if case .prepare = $0 { true } else { false } }) {
            let index = all.firstIndex { $0.id == id } ?? 0
            order.append(index)
            _ = harness.handle(.prepared(id, .ready(all[index])))
            let stored = harness.handle(.putFinished(id, .stored(.sample)))
            actions = stored + harness.settle(all[index])
            // One is recorded meanwhile.
            if order.count == 5 { _ = harness.handle(.found([all[50].id])) }
        }
        #expect(Set(order) == Set(0..<51) && order.count == 51)
        #expect((order.firstIndex(of: 50) ?? 99) <= 15)
        #expect(harness.machine.count == 0)
    }

    @Test func `after the stop nothing begins, what waits goes back, what is under way is finished`() {
        var harness = UploadMachineHarness(parallel: 1)
        let all = segments(2)
        harness.begin(all[0], delivery: 1)
        #expect(harness.handle(.received(SegmentRecorded(segment: all[1]), 2)).isEmpty)
        #expect(harness.handle(.stop) == [.resolve(2, .requeue)])
        #expect(harness.handle(.received(SegmentRecorded(segment: all[1]), 3)) == [.resolve(3, .requeue)])
        #expect(!harness.machine.isIdle)
        #expect(harness.handle(.putFinished(all[0].id, .stored(.sample))) == [.writeRows([.sample(all[0])])])
        #expect(harness.settle(all[0]) == [.resolve(1, .acknowledge)])
        #expect(harness.machine.isIdle)
    }

    @Test func `what fails after the stop goes back to the queue at once`() {
        var harness = UploadMachineHarness(parallel: 2)
        harness.begin(segment)
        #expect(harness.handle(.stop).isEmpty)
        let actions = harness.handle(.putFinished(segment.id, .trouble(.connection, "refused")))
        #expect(actions == [.resolve(1, .requeue)])
        #expect(harness.machine.isIdle && harness.machine.count == 0)
    }
}
