import ObserverCore
import ObserverMessages
import ObserverStore
import Spool
import System
import Testing

@testable import ObserverUpload

/// Failed uploads that people, or the passing of time, have tried anew.
@Suite struct FailedUploadTests {
    private let segment = segments(1)[0]

    @Test func `a failed segment that somebody wants is tried at once, with three fresh tries`() {
        var harness = UploadMachineHarness()
        harness.deadLetter(segment)
        #expect(harness.pass(.seconds(10)).isEmpty)
        #expect(harness.handle(.retryAsked([segment.id])) == [.prepare(segment.id)])
        #expect(harness.handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
        let refused = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
        guard case .publishRetry(let recorded, _)? = refused.first else {
            Issue.record("not tried again: \(refused)")
            return
        }
        #expect(recorded.attempt == 1 && recorded.cycle == 1)
    }

    @Test func `one that is under way, stored or in a retry queue is not tried twice`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        #expect(harness.handle(.retryAsked([segment.id, segment.id])).isEmpty)
        _ = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
        _ = harness.handle(.published(segment.id, isConfirmed: true))
        #expect(harness.handle(.retryAsked([segment.id])).isEmpty)
        harness.begin(segment, attempt: 2)
        _ = harness.handle(.putFinished(segment.id, .stored(.sample)))
        _ = harness.settle(segment)
        #expect(harness.handle(.retryAsked([segment.id])).isEmpty)
        #expect(harness.machine.count == 0)
    }

    @Test func `one that this process does not remember is looked for in the spool`() {
        var harness = UploadMachineHarness()
        #expect(harness.handle(.retryAsked([segment.id])) == [.prepare(segment.id)])
        #expect(harness.handle(.prepared(segment.id, .missing)) == [.findRow(segment.id)])
        let row = RowOutcome.known(RowOutcome.Row(segment, .failed))
        #expect(harness.handle(.rowFound(segment.id, row)) == [.noteMissing(segment), .head(segment)])
        #expect(harness.handle(.headFinished(segment.id, .absent)) == [.report(.absent(segment.id))])
    }

    @Test func `failed segments are tried by themselves, after pauses that grow to hours`() {
        var harness = UploadMachineHarness()
        harness.deadLetter(segment)
        var began: [Int] = []
        for minute in 1...(24 * 60) {
            guard harness.pass(.seconds(60)).contains(.prepare(segment.id)) else { continue }
            began.append(minute)
            _ = harness.handle(.prepared(segment.id, .corrupt(segment, "spoilt")))
            _ = harness.handle(.published(segment.id, isConfirmed: true))
        }
        #expect(began.first == 10)
        #expect((4...9).contains(began.count), "\(began)")
        let pauses = zip(began, began.dropFirst()).map { $1 - $0 }
        #expect(pauses == pauses.sorted() && pauses.last == 360)
    }

    @Test func `what waits, under way or failed, is counted, with the oldest and the state of the store`() {
        var harness = UploadMachineHarness(parallel: 1, mostJobs: 2)
        let all = segments(6)
        harness.deadLetter(all[0])
        _ = harness.handle(.found(all.dropFirst().map(\.id)))
        let standing = harness.machine.standing(harness.now)
        #expect(standing.count == 6 && standing.oldest == all[0].id && standing.store == .working)
        #expect(Set(standing.parts.flatMap(\.sample)) == Set(all.map(\.id)))
    }
}
