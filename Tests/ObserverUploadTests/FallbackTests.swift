import ObserverCore
import Spool
import System
import TestSupport
import Testing

@testable import ObserverUpload

/// The state machine with more than one destination.
@Suite struct FallbackTests {
    private let segment = segments(1)[0]

    private func harness(_ count: Int = 2, copies: Int = 1) -> UploadMachineHarness {
        UploadMachineHarness(destinations: Array(Destination.allCases.prefix(count)), copies: copies)
    }

    private func receipt(_ segment: Segment, in destinations: DestinationSet) -> Receipt {
        var receipt = Receipt.sample(segment)
        receipt.destinations = destinations
        return receipt
    }

    @Test func `a segment goes to the second when home has not answered for its time, and its receipt says so`() {
        var harness = harness()
        harness.begin(segment)
        _ = harness.handle(.putFinished(segment.id, .trouble(.connection, "refused")))
        var actions: [UploadStateMachine.Action] = []
        var seconds = 0
        while !actions.contains(.put(segment, to: .second)), seconds < 120 {
            seconds += 1
            actions = harness.pass(.seconds(1))
            if actions.contains(.prepare(segment.id)) {
                actions += harness.handle(.prepared(segment.id, .ready(segment)))
            }
            if actions.contains(.put(segment, to: .home)) {
                _ = harness.handle(.putFinished(segment.id, .trouble(.connection, "refused")))
            }
        }
        #expect((59...61).contains(seconds))
        #expect(actions.contains(.report(.passedOver(.home))))
        #expect(
            harness.handle(.putFinished(segment.id, .stored(.sample)))
                == [.writeRows([receipt(segment, in: .second)])]
        )
    }

    @Test func `home has its place back with the first segment that it takes`() {
        var harness = harness()
        let all = segments(3)
        harness.begin(all[0])
        harness.now = harness.now + .seconds(70)
        let actions = harness.handle(.putFinished(all[0].id, .trouble(.timeout, "no answer")))
        #expect(actions.contains(.prepare(all[0].id)))
        #expect(harness.handle(.prepared(all[0].id, .ready(all[0]))) == [.put(all[0], to: .second)])
        _ = harness.handle(.putFinished(all[0].id, .stored(.sample)))
        _ = harness.settle(all[0])
        _ = harness.pass(.seconds(20))
        #expect(harness.handle(.found([all[1].id])) == [.prepare(all[1].id)])
        #expect(harness.handle(.prepared(all[1].id, .ready(all[1]))) == [.put(all[1], to: .home)])
        let back = harness.handle(.putFinished(all[1].id, .stored(.sample)))
        #expect(back.contains(.report(.returned(.home))))
        _ = harness.settle(all[1])
        _ = harness.handle(.found([all[2].id]))
        #expect(harness.handle(.prepared(all[2].id, .ready(all[2]))) == [.put(all[2], to: .home)])
    }

    @Test func `with two copies a segment is done when both have it`() {
        var harness = harness(copies: 2)
        harness.begin(segment)
        #expect(harness.handle(.putFinished(segment.id, .stored(.sample))) == [.prepare(segment.id)])
        #expect(harness.handle(.prepared(segment.id, .ready(segment))) == [.put(segment, to: .second)])
        #expect(
            harness.handle(.putFinished(segment.id, .stored(.sample)))
                == [.writeRows([receipt(segment, in: [.home, .second])])]
        )
    }

    @Test func `one that waits for its second copy holds up no other`() {
        var harness = harness(copies: 2)
        let all = segments(2)
        harness.begin(all[0])
        _ = harness.handle(.putFinished(all[0].id, .stored(.sample)))
        _ = harness.handle(.prepared(all[0].id, .ready(all[0])))
        _ = harness.handle(.putFinished(all[0].id, .trouble(.connection, "refused")))
        #expect(harness.handle(.found([all[1].id])) == [.prepare(all[1].id)])
        #expect(harness.handle(.prepared(all[1].id, .ready(all[1]))) == [.put(all[1], to: .home)])
    }

    @Test func `a refusal by home while it is passed over uses up no try`() {
        var harness = harness()
        harness.begin(segment)
        harness.now = harness.now + .seconds(70)
        let actions = harness.handle(.putFinished(segment.id, .refused(.of(segment))))
        #expect(actions == [.prepare(segment.id)])
        #expect(harness.handle(.prepared(segment.id, .ready(segment))) == [.put(segment, to: .second)])
    }

    @Test func `a segment without a file is looked for in each destination before it is called missing`() {
        var harness = harness()
        #expect(harness.handle(.found([segment.id])) == [.prepare(segment.id)])
        #expect(harness.handle(.prepared(segment.id, .missing)) == [.findRow(segment.id)])
        let row = RowOutcome.Row(segment, .spooled)
        #expect(harness.handle(.rowFound(segment.id, .known(row))) == [.head(segment, at: .home)])
        #expect(harness.handle(.headFinished(segment.id, .absent)) == [.head(segment, at: .second)])
        #expect(
            harness.handle(.headFinished(segment.id, .same(.sample)))
                == [.writeRows([receipt(segment, in: .second)])]
        )
    }
}
