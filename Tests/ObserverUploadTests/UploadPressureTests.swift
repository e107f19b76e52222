import ObserverCore
import ObserverMessages
import System
import Testing

@testable import ObserverUpload

/// The uploads that are not begun: while S3 is away, while nothing can be proven, while the bucket refuses all.
@Suite struct UploadPressureTests {
    /// Begins what is to be begun and answers each PUT with this outcome; returns the most at once, and their number.
    private func answer(
        _ actions: [UploadStateMachine.Action],
        _ all: [SegmentID: Segment],
        _ outcome: PutOutcome,
        _ harness: inout UploadMachineHarness
    ) -> (most: Int, count: Int) {
        var ids: [SegmentID] = []
        for case .prepare(let id) in actions { ids.append(id) }
        var (most, count) = (ids.count, ids.count)
        for id in ids {
            guard let segment = all[id] else { continue }
            _ = harness.handle(.prepared(id, .ready(segment)))
            let next = answer(harness.handle(.putFinished(id, outcome)), all, outcome, &harness)
            (most, count) = (max(most, next.most), count + next.count)
        }
        return (most, count)
    }

    @Test func `while S3 does not answer, one upload at a time finds out whether it does again`() {
        var harness = UploadMachineHarness(parallel: 8)
        let all = Dictionary(uniqueKeysWithValues: segments(20).map { ($0.id, $0) })
        let trouble = PutOutcome.trouble(.connection, "refused")
        _ = answer(harness.handle(.found(Array(all.keys))), all, trouble, &harness)
        var count = 0
        for _ in 0..<600 {
            let found = answer(harness.pass(.milliseconds(100)), all, trouble, &harness)
            #expect(found.most <= 1)
            count += found.count
        }
        #expect((3...60).contains(count))
    }

    @Test func `while nothing can be proven, no more is sent than can be kept in mind`() {
        var harness = UploadMachineHarness(parallel: 8)
        let all = Dictionary(uniqueKeysWithValues: segments(300).map { ($0.id, $0) })
        var count = answer(harness.handle(.found(Array(all.keys))), all, .stored(.sample), &harness).count
        count += answer(harness.handle(.rowsWritten(.unavailable("away"))), all, .stored(.sample), &harness).count
        count += answer(harness.handle(.receiptsAppended(problem: "ENOSPC")), all, .stored(.sample), &harness).count
        for _ in 0..<100 {
            count += answer(harness.pass(.milliseconds(100)), all, .stored(.sample), &harness).count
        }
        #expect((64...72).contains(count))
    }

    @Test func `the segment that tells of a refusing bucket does not wait in line`() {
        var harness = UploadMachineHarness(parallel: 1)
        let (old, new) = (segments(2)[0], segments(2)[1])
        harness.begin(old)
        _ = harness.handle(.found([new.id]))
        let refusal = Refusal(code: "NoSuchBucket", reason: "no bucket", isStoreWide: true)
        _ = harness.handle(.putFinished(old.id, .refused(refusal)))
        #expect(harness.handle(.published(old.id, isConfirmed: true)) == [.resolve(1, .acknowledge)])
        let again = SegmentRecorded(attempt: 2, cycle: 0, segment: old)
        #expect(harness.handle(.received(again, 2)) == [.prepare(old.id)])
    }
}
