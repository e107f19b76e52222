import ObserverCore
import ObserverMessages
import Spool
import System
import Testing

@testable import ObserverUpload

/// A store that refuses everything.
@Suite struct UploadBreakerTests {
    private let wrongKey = Refusal(code: "SignatureDoesNotMatch", reason: "wrong key", isStoreWide: true)
    private let forbidden = Refusal(code: "AccessDenied", reason: "no right", isStoreWide: false)

    @Test func `three segments in a row with the same refusal mean the store`() {
        var breaker = UploadBreaker()
        let all = segments(4)
        let now = MonotonicInstant(nanoseconds: 0)
        let verdicts = [all[0], all[0], all[1]].map { breaker.refused($0.id, forbidden, now: now) }
        #expect(verdicts == [.counts, .counts, .counts])
        #expect(!breaker.isOpen)
        let third = breaker.refused(all[2].id, forbidden, now: now)
        #expect(third == .counts)
        #expect(breaker.isOpen && breaker.witness == all[2].id)
        let fourth = breaker.refused(all[3].id, forbidden, now: now)
        #expect(fourth == .waits)
        let hadRefused = breaker.accepted()
        #expect(hadRefused && !breaker.isOpen)
    }

    @Test func `refusals of single segments among others that are taken open nothing`() {
        var breaker = UploadBreaker()
        for segment in segments(100) {
            let verdict = breaker.refused(segment.id, forbidden, now: MonotonicInstant(nanoseconds: 0))
            let hadRefused = breaker.accepted()
            #expect(verdict == .counts && !hadRefused)
        }
    }

    @Test func `an hour with a wrong key costs few requests, one dead letter and no tries, and ends within 30 s`() {
        var harness = UploadMachineHarness(parallel: 12)
        let all = segments(900)
        var (requests, letters, retries, reports) = (0, 0, 0, 0)
        var isWrong = true
        var stored: Set<SegmentID> = []
        let known = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
        func answer(_ action: UploadStateMachine.Action) -> UploadStateMachine.Event? {
            switch action {
            case .prepare(let id): return .prepared(id, .ready(known[id] ?? all[0]))
            case .put(let segment, _):
                requests += 1
                if !isWrong { stored.insert(segment.id) }
                return .putFinished(segment.id, isWrong ? .refused(wrongKey) : .stored(.sample))
            case .publishRetry(let recorded, _):
                retries += 1
                return .published(recorded.segment.id, isConfirmed: false)
            case .deadLetter(let upload):
                letters += 1
                #expect(upload.tries == 3)
                return .published(upload.id, isConfirmed: true)
            case .writeRows(let receipts):
                let states = receipts.map { ($0.segment.id, SegmentState.stored) }
                return .rowsWritten(.written(Dictionary(uniqueKeysWithValues: states)))
            case .delete(let ids): return .deleted(ids, problems: [:])
            case .report:
                reports += 1
                return nil
            default: return nil
            }
        }
        func perform(_ actions: [UploadStateMachine.Action]) {
            var waiting = actions[...]
            while let action = waiting.popFirst() {
                if let event = answer(action) { waiting += harness.handle(event) }
            }
        }
        for second in 0..<3600 {
            if second % 4 == 0 { perform(harness.handle(.found([all[second / 4].id]))) }
            perform(harness.pass(.seconds(1)))
        }
        #expect(requests <= 300)
        #expect(letters == 1 && retries == 2 && reports == 1)
        isWrong = false
        for _ in 0..<30 { perform(harness.pass(.seconds(1))) }
        #expect(stored.count == all.count)
        #expect(harness.machine.count == 0)
    }

    @Test func `without anything else to send, a dead-lettered segment finds out that the store is well`() {
        var harness = UploadMachineHarness()
        let segment = segments(1)[0]
        for attempt in 1...3 {
            harness.begin(segment, attempt: attempt)
            _ = harness.handle(.putFinished(segment.id, .refused(wrongKey)))
            _ = harness.handle(.published(segment.id, isConfirmed: true))
        }
        var began: [Int] = []
        for second in 1...60 where harness.pass(.seconds(1)).contains(.prepare(segment.id)) {
            began.append(second)
            _ = harness.handle(.prepared(segment.id, .ready(segment)))
            #expect(harness.handle(.putFinished(segment.id, .refused(wrongKey))).isEmpty)
        }
        #expect(began == [15, 30, 45, 60])
        _ = harness.pass(.seconds(15))
        _ = harness.handle(.prepared(segment.id, .ready(segment)))
        #expect(harness.handle(.putFinished(segment.id, .stored(.sample))).contains(.writeRows([.sample(segment)])))
    }
}
