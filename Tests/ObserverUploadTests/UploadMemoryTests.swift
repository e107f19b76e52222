import ObserverCore
import ObserverMessages
import System
import TestSupport
import Testing

@testable import ObserverUpload

/// The segments that wait for something: for room, for a message, for their next cycle.
@Suite struct UploadMemoryTests {
    private let all = segments(4)

    private func refuse(_ segment: Segment, _ harness: inout UploadMachineHarness) -> SegmentRecorded? {
        #expect(harness.handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
        for action in harness.handle(.putFinished(segment.id, .refused(.of(segment)))) {
            if case .publishRetry(let recorded, _) = action { return recorded }
        }
        return nil
    }

    @Test func `a message for which there is no room is acknowledged, and its segment is not forgotten`() {
        var harness = UploadMachineHarness(parallel: 1, mostJobs: 2)
        harness.begin(all[0], delivery: 1)
        #expect(harness.handle(.received(SegmentRecorded(segment: all[1]), 2)).isEmpty)
        #expect(harness.handle(.received(SegmentRecorded(segment: all[2]), 3)) == [.resolve(3, .acknowledge)])
        #expect(harness.machine.count == 3 && harness.machine.jobs.count == 2)
        // One goes, and the next has its room.
        _ = harness.handle(.putFinished(all[0].id, .stored(.sample)))
        _ = harness.settle(all[0])
        #expect(Set(harness.machine.jobs.keys) == [all[1].id, all[2].id])
    }

    @Test func `what is known is not known twice`() {
        var harness = UploadMachineHarness(parallel: 1, mostJobs: 1)
        #expect(harness.handle(.found([all[0].id, all[1].id])) == [.prepare(all[1].id)])
        _ = harness.handle(.found([all[0].id, all[1].id]))
        #expect(harness.machine.count == 2)
    }

    @Test func `a message about a stored file that the disk keeps begins nothing`() {
        var harness = UploadMachineHarness()
        harness.begin(all[0])
        _ = harness.handle(.putFinished(all[0].id, .stored(.sample)))
        _ = harness.handle(.rowsWritten(.written([all[0].id: .stored])))
        _ = harness.handle(.deleted([all[0].id], problems: [all[0].id: "EROFS"]))
        // Later than so many others that it is no longer among the last that were finished.
        for index in 0..<5000 {
            let other = Segment.sample(at: SegmentHeader.sampleStart.advanced(bySeconds: 1000 + Int64(index)))
            harness.begin(other)
            _ = harness.handle(.putFinished(other.id, .stored(.sample)))
            _ = harness.settle(other)
        }
        #expect(harness.handle(.received(SegmentRecorded(segment: all[0]), 7)) == [.resolve(7, .acknowledge)])
    }

    @Test func `only a state that says so proves that S3 has a segment`() {
        for state in SegmentState.allCases {
            #expect(state.provesUpload == [.stored, .expiring, .expired].contains(state), "\(state)")
        }
    }

    @Test func `a retry whose message is lost is the same try all the same`() {
        var harness = UploadMachineHarness()
        harness.announce(all[0], attempt: 1, cycle: 2)
        #expect(refuse(all[0], &harness)?.attempt == 1)
        #expect(harness.handle(.published(all[0].id, isConfirmed: true)) == [.resolve(1, .acknowledge)])
        // The sweep sees it meanwhile, and leaves it to the message.
        #expect(harness.handle(.found([all[0].id])).isEmpty)
        #expect(harness.pass(.seconds(100)).isEmpty)
        #expect(harness.pass(.seconds(35)) == [.prepare(all[0].id)])
        let second = refuse(all[0], &harness)
        #expect(second?.attempt == 2 && second?.cycle == 2)
    }

    @Test func `a dead-lettered segment begins its next cycle by itself`() {
        var harness = UploadMachineHarness()
        harness.deadLetter(all[0])
        #expect(harness.pass(.seconds(590)).isEmpty)
        #expect(harness.pass(.seconds(20)) == [.prepare(all[0].id)])
        let next = refuse(all[0], &harness)
        #expect(next?.attempt == 1 && next?.cycle == 1)
    }

    @Test func `while the bucket refuses all, a segment that it does not have is not missed`() {
        var harness = UploadMachineHarness()
        let refusal = Refusal(code: "NoSuchBucket", reason: "no bucket", isStoreWide: true)
        let row = RowOutcome.known(RowOutcome.Row(all[1], .spooled))
        harness.begin(all[1], delivery: 2)
        _ = harness.handle(.putFinished(all[1].id, .trouble(.timeout, "t")))
        _ = harness.pass(.seconds(30))
        _ = harness.handle(.prepared(all[1].id, .missing))
        harness.begin(all[0], delivery: 1)
        _ = harness.handle(.putFinished(all[0].id, .refused(refusal)))
        #expect(harness.machine.breaker(.home).isOpen)
        #expect(harness.handle(.rowFound(all[1].id, row)) == [.head(all[1])])
        #expect(harness.handle(.headFinished(all[1].id, .absent)).isEmpty)
        #expect(!harness.machine.absent.contains(all[1].id))
    }
}
