import Lifecycle
import ObserverCore
import ObserverMessages
import Spool
import Testing

@testable import ObserverUpload

@Suite struct UploadStateMachineTests {
    private let segment = segments(1)[0]

    @Test func `a segment is put, kept, and only then acknowledged`() {
        var bench = Bench()
        bench.begin(segment)
        #expect(bench.handle(.put(segment.id, .stored(etag: "e"))) == [.keep(segment, etag: "e", tries: 1)])
        #expect(!bench.machine.isIdle)
        #expect(bench.handle(.kept(segment.id, problem: nil)) == [.settle(1, .acknowledge)])
        #expect(bench.machine.count == 0)
    }

    @Test func `a copy is acknowledged while the first is under way`() {
        var bench = Bench()
        bench.begin(segment)
        #expect(
            bench.handle(.announced(SegmentRecorded(segment: segment), 2)) == [.settle(2, .acknowledge)]
        )
        #expect(bench.handle(.found([segment.id])).isEmpty)
    }

    @Test func `the sweep feeds the uploader without any message`() {
        var bench = Bench()
        #expect(bench.handle(.found([segment.id])) == [.prepare(segment.id)])
        #expect(bench.handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
        #expect(bench.handle(.put(segment.id, .stored(etag: nil))) == [.keep(segment, etag: nil, tries: 1)])
        #expect(bench.handle(.kept(segment.id, problem: nil)).isEmpty)
    }

    @Test func `a receipt makes a second upload needless`() {
        var bench = Bench()
        let receipt = Receipt(segment: segment, etag: "e", storedAt: Timestamp(milliseconds: 1), tries: 1)
        _ = bench.handle(.announced(SegmentRecorded(segment: segment), 1))
        #expect(bench.handle(.prepared(segment.id, .uploaded(receipt))) == [.keepAgain(receipt)])
        #expect(bench.handle(.kept(segment.id, problem: nil)) == [.settle(1, .acknowledge)])
    }

    @Test func `an object that is there already is ours when length and hash are the same`() {
        var bench = Bench()
        bench.begin(segment)
        #expect(bench.handle(.put(segment.id, .exists)) == [.check(segment)])
        #expect(bench.handle(.checked(segment.id, .same(etag: "e"))) == [.keep(segment, etag: "e", tries: 1)])
    }

    @Test func `other bytes under the key park the segment at once`() {
        var bench = Bench()
        bench.begin(segment)
        _ = bench.handle(.put(segment.id, .exists))
        let actions = bench.handle(.checked(segment.id, .different))
        guard case .park(_, _, let failure, _)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(failure.kind == .corrupt)
    }

    @Test func `three refusals park it, with one line, and the sweep leaves it alone until its time`() {
        var bench = Bench()
        for attempt in 1...2 {
            bench.begin(segment, attempt: attempt, delivery: attempt)
            let recorded = SegmentRecorded(attempt: attempt, segment: segment)
            #expect(
                bench.handle(.put(segment.id, .refused("403")))
                    == [.publishRetry(recorded, pause: .seconds(attempt == 1 ? 5 : 30))]
            )
            #expect(
                bench.handle(.published(segment.id, isConfirmed: true)) == [.settle(attempt, .acknowledge)]
            )
            // It waits in the retry queue: neither lost nor for the sweep.
            #expect(bench.handle(.found([segment.id])).isEmpty)
        }
        bench.begin(segment, attempt: 3, delivery: 3)
        let recorded = SegmentRecorded(attempt: 3, segment: segment)
        #expect(
            bench.handle(.put(segment.id, .refused("403")))
                == [.park(segment.id, recorded, Failure(kind: .refused, detail: "403"), tries: 3)]
        )
        #expect(bench.handle(.published(segment.id, isConfirmed: true)) == [.settle(3, .acknowledge)])

        // A duplicate of the third try is no fourth.
        let copy = SegmentRecorded(attempt: 3, segment: segment)
        #expect(bench.handle(.announced(copy, 4)) == [.settle(4, .acknowledge)])
        _ = bench.pass(.seconds(500))
        #expect(bench.handle(.found([segment.id])).isEmpty)
        _ = bench.pass(.seconds(200))
        #expect(bench.handle(.found([segment.id])) == [.prepare(segment.id)])
        // The next cycle begins with its first try.
        _ = bench.handle(.prepared(segment.id, .ready(segment)))
        let next = SegmentRecorded(attempt: 1, cycle: 1, segment: segment)
        #expect(bench.handle(.put(segment.id, .refused("403"))) == [.publishRetry(next, pause: .seconds(5))])
    }

    @Test func `a copy of any earlier try is acknowledged and begins nothing`() {
        var bench = Bench()
        func expectCopy(_ attempt: Int, _ cycle: Int, sourceLocation: SourceLocation = #_sourceLocation) {
            let copy = SegmentRecorded(attempt: attempt, cycle: cycle, segment: segment)
            let actions = bench.handle(.announced(copy, 99))
            #expect(actions == [.settle(99, .acknowledge)], sourceLocation: sourceLocation)
        }
        for cycle in 0...1 {
            for attempt in 1...3 {
                bench.begin(segment, attempt: attempt, cycle: cycle)
                expectCopy(1, cycle)
                _ = bench.handle(.put(segment.id, .refused("403")))
                _ = bench.handle(.published(segment.id, isConfirmed: true))
                for earlier in 1...attempt { expectCopy(earlier, cycle) }
                expectCopy(3, cycle - 1)
            }
        }
    }

    @Test func `when S3 takes segments again, those it had refused go at once`() {
        var bench = Bench()
        let all = segments(4)
        for segment in all[..<3] { bench.park(segment) }
        #expect(bench.machine.count == 0)
        bench.begin(all[3])
        let actions = bench.handle(.put(all[3].id, .stored(etag: "e")))
        #expect(actions.contains(.report(.takesAgain(3))))
        for segment in all[..<3] { #expect(actions.contains(.prepare(segment.id))) }
        // The next one that is stored changes nothing.
        let next = segments(1)[0]
        bench.begin(next)
        #expect(bench.handle(.put(next.id, .stored(etag: "e"))) == [.keep(next, etag: "e", tries: 1)])
    }

    @Test func `a segment that alone is refused does not go early again and again`() {
        var bench = Bench()
        var early = 0
        bench.park(segment)
        for _ in 0..<20 {
            let other = segments(1)[0]
            bench.begin(other)
            let actions = bench.handle(.put(other.id, .stored(etag: "e")))
            _ = bench.handle(.kept(other.id, problem: nil))
            guard actions.contains(.prepare(segment.id)) else { continue }
            early += 1
            for attempt in 1...3 {
                if attempt > 1 { bench.announce(segment, attempt: attempt, cycle: early) }
                _ = bench.handle(.prepared(segment.id, .ready(segment)))
                _ = bench.handle(.put(segment.id, .refused("403")))
                _ = bench.handle(.published(segment.id, isConfirmed: true))
            }
        }
        #expect(early == 1)
        // After a cycle at its time it may go early once more.
        _ = bench.pass(.seconds(3600))
        #expect(bench.handle(.found([segment.id])) == [.prepare(segment.id)])
    }

    @Test func `what the disk does not let be read waits longer and longer, and is told once`() {
        var bench = Bench()
        _ = bench.handle(.announced(SegmentRecorded(segment: segment), 1))
        var tries = 0
        var told = 0
        var isGone = false
        for _ in 0..<600 {
            for case .prepare in bench.pass(.seconds(1)) + (tries == 0 ? [.prepare(segment.id)] : []) {
                tries += 1
                var actions: [UploadStateMachine.Action]
                if isGone {
                    actions = bench.handle(.prepared(segment.id, .unreadable("EIO")))
                } else {
                    actions = bench.handle(.prepared(segment.id, .ready(segment)))
                    actions = bench.handle(.put(segment.id, .fileGone))
                }
                isGone.toggle()
                told += actions.count { if case .reportUnreadable = $0 { true } else { false } }
            }
        }
        #expect((10...40).contains(tries))
        #expect(told == 1)
        #expect(bench.machine.count == 1)
    }

    @Test func `a file that cannot be read when it is hashed is not corrupt`() {
        var bench = Bench()
        bench.begin(segment)
        _ = bench.handle(.put(segment.id, .digestMismatch))
        #expect(bench.handle(.hashed(segment.id, .unreadable("EIO"))).isEmpty)
        #expect(bench.pass(.seconds(2)) == [.prepare(segment.id)])
    }

    @Test func `a replay by hand begins at once`() {
        var bench = Bench()
        bench.begin(segment, attempt: 3)
        _ = bench.handle(.put(segment.id, .refused("403")))
        _ = bench.handle(.published(segment.id, isConfirmed: true))
        bench.begin(segment, attempt: 1, cycle: 1, delivery: 9)
    }

    @Test func `without a broker the tries go on here`() {
        var bench = Bench()
        _ = bench.handle(.found([segment.id]))
        for attempt in 1...3 {
            #expect(bench.handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
            let actions = bench.handle(.put(segment.id, .refused("404")))
            guard attempt < 3 else {
                #expect(actions.count == 1)
                break
            }
            #expect(bench.handle(.published(segment.id, isConfirmed: false)).isEmpty)
            #expect(bench.pass(.seconds(3)).isEmpty)
            #expect(bench.pass(.seconds(attempt == 1 ? 3 : 30)) == [.prepare(segment.id)])
        }
    }

    @Test func `trouble never uses up a try, and everything goes at once when S3 is back`() {
        var bench = Bench(parallel: 4)
        let all = segments(4)
        for (index, segment) in all.enumerated() { bench.begin(segment, delivery: index) }
        var reports: [UploadStateMachine.Action] = []
        for segment in all { reports += bench.handle(.put(segment.id, .trouble(.connection, "refused"))) }
        #expect(reports == [.report(.away("refused"))])

        // For an hour only single probes go out.
        var probes = 0
        for _ in 0..<3600 {
            for case .prepare(let id) in bench.pass(.seconds(1)) {
                probes += 1
                #expect(bench.handle(.prepared(id, .ready(all.first { $0.id == id } ?? segment))).count == 1)
                #expect(bench.handle(.put(id, .trouble(.connection, "refused"))).isEmpty)
            }
        }
        #expect((100...3600).contains(probes))

        var prepared: [SegmentID] = []
        while prepared.isEmpty {
            prepared = bench.pass(.seconds(1)).compactMap { if case .prepare(let id) = $0 { id } else { nil } }
        }
        #expect(prepared.count == 1)
        let first = prepared[0]
        _ = bench.handle(.prepared(first, .ready(all.first { $0.id == first } ?? segment)))
        let actions = bench.handle(.put(first, .stored(etag: nil)))
        #expect(actions.contains(.report(.back)))
        #expect(actions.contains(.sweep))
        #expect(actions.contains { if case .keep(_, _, let tries) = $0 { tries == 1 } else { false } })
        #expect(actions.contains { if case .prepare = $0 { true } else { false } })
    }

    @Test func `a delivery that is held long is acknowledged, and its segment still goes`() {
        var bench = Bench(parallel: 1)
        bench.begin(segment)
        _ = bench.handle(.put(segment.id, .trouble(.timeout, "slow")))
        bench.now = bench.now + .seconds(601)
        let actions = bench.handle(.tick)
        #expect(actions == [.settle(1, .acknowledge), .prepare(segment.id)])
    }

    @Test func `what is missing is looked up, and lost only when the database says so`() {
        var bench = Bench()
        _ = bench.handle(.announced(SegmentRecorded(segment: segment), 1))
        #expect(bench.handle(.prepared(segment.id, .missing)) == [.lookUp(segment.id)])
        #expect(bench.handle(.lookedUp(segment.id, .away)).isEmpty)
        #expect(bench.pass(.seconds(6)) == [.prepare(segment.id)])
        #expect(bench.handle(.prepared(segment.id, .missing)) == [.lookUp(segment.id)])
        #expect(
            bench.handle(.lookedUp(segment.id, .known(.stored))) == [.discard(segment.id), .settle(1, .acknowledge)]
        )
        _ = bench.handle(.announced(SegmentRecorded(segment: segment), 2))
        _ = bench.handle(.prepared(segment.id, .missing))
        guard case .park(_, _, let failure, _)? = bench.handle(.lookedUp(segment.id, .known(.spooled))).first else {
            Issue.record("not parked")
            return
        }
        #expect(failure.kind == .missing)
    }

    @Test func `bytes that changed on the way are sent again, bytes that changed on the disk are parked`() {
        var bench = Bench()
        bench.begin(segment)
        #expect(bench.handle(.put(segment.id, .digestMismatch)) == [.hash(segment)])
        #expect(bench.handle(.hashed(segment.id, .intact)).isEmpty)
        #expect(bench.pass(.seconds(1)) == [.prepare(segment.id)])
        _ = bench.handle(.prepared(segment.id, .ready(segment)))
        _ = bench.handle(.put(segment.id, .digestMismatch))
        guard case .park(_, _, let failure, _)? = bench.handle(.hashed(segment.id, .different)).first else {
            Issue.record("not parked")
            return
        }
        #expect(failure.kind == .corrupt)
    }

    @Test func `no more are under way than allowed`() {
        var bench = Bench(parallel: 3)
        let all = segments(10)
        let actions = bench.handle(.found(all.map(\.id)))
        #expect(actions == [.prepare(all[0].id), .prepare(all[9].id), .prepare(all[1].id)])
    }

    @Test func `the sweep brings no more into memory than is meant to be there`() {
        var bench = Bench(parallel: 1, mostJobs: 10)
        let all = segments(50)
        _ = bench.handle(.found(all.map(\.id)))
        #expect(bench.machine.count == 10)
    }

    @Test func `after the stop nothing begins, what waits goes back, what is under way is finished`() {
        var bench = Bench(parallel: 1)
        let all = segments(2)
        bench.begin(all[0], delivery: 1)
        #expect(bench.handle(.announced(SegmentRecorded(segment: all[1]), 2)).isEmpty)
        #expect(bench.handle(.stop) == [.settle(2, .requeue)])
        #expect(bench.handle(.announced(SegmentRecorded(segment: all[1]), 3)) == [.settle(3, .requeue)])
        #expect(!bench.machine.isIdle)
        #expect(bench.handle(.put(all[0].id, .stored(etag: nil))) == [.keep(all[0], etag: nil, tries: 1)])
        #expect(bench.handle(.kept(all[0].id, problem: nil)) == [.settle(1, .acknowledge)])
        #expect(bench.machine.isIdle)
    }

    @Test(arguments: 1...20)
    func `whatever happens, each segment ends stored or parked and each delivery is settled once`(seed: UInt64) {
        var random = Seeded(state: seed)
        var bench = Bench(parallel: 4)
        let all = segments(30)
        var settled: [DeliveryToken: Int] = [:]
        var done: Set<SegmentID> = []
        var queue: [UploadStateMachine.Event] = []
        for (index, segment) in all.enumerated() {
            queue.append(.announced(SegmentRecorded(segment: segment), index))
            if Bool.random(using: &random) { queue.append(.found([segment.id])) }
        }
        var deliveries = all.count
        for _ in 0..<20_000 {
            if queue.isEmpty {
                if done.count == all.count { break }
                bench.now = bench.now + .seconds(10)
                queue.append(.tick)
                queue.append(.found(all.map(\.id).filter { !done.contains($0) }))
            }
            let event = queue.remove(at: Int.random(in: 0..<min(3, queue.count), using: &random))
            for action in bench.handle(event) {
                switch action {
                case .prepare(let id):
                    let segment = all.first { $0.id == id } ?? all[0]
                    queue.append(.prepared(id, done.contains(id) ? .missing : .ready(segment)))
                case .put(let segment):
                    let outcomes: [PutOutcome] = [
                        .stored(etag: nil), .exists, .refused("403"), .trouble(.timeout, "t"), .digestMismatch,
                        .fileGone,
                    ]
                    queue.append(.put(segment.id, outcomes.randomElement(using: &random) ?? .exists))
                case .check(let segment): queue.append(.checked(segment.id, .same(etag: nil)))
                case .hash(let segment): queue.append(.hashed(segment.id, .intact))
                case .keep(let segment, _, _):
                    done.insert(segment.id)
                    queue.append(.kept(segment.id, problem: nil))
                case .keepAgain(let receipt): queue.append(.kept(receipt.segment.id, problem: nil))
                case .lookUp(let id): queue.append(.lookedUp(id, .known(.stored)))
                case .publishRetry(var recorded, _):
                    let isConfirmed = Bool.random(using: &random)
                    queue.append(.published(recorded.segment.id, isConfirmed: isConfirmed))
                    recorded.attempt += 1
                    if isConfirmed {
                        queue.append(.announced(recorded, deliveries))
                        deliveries += 1
                    }
                case .park(let id, _, _, _): queue.append(.published(id, isConfirmed: true))
                case .settle(let token, _): settled[token, default: 0] += 1
                case .discard, .sweep, .report, .reportUnreadable: break
                }
            }
        }
        #expect(done.count == all.count)
        #expect(settled.values.allSatisfy { $0 == 1 })
        _ = bench.handle(.stop)
    }
}

/// SplitMix64: the same seed, the same run.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
