import ObserverCore
import ObserverMessages
import Spool
import System
import Testing

@testable import ObserverUpload

/// Segments whose media or sidecar are not in the spool.
@Suite struct MissingSegmentTests {
    private let segment = segments(1)[0]

    private func row(_ state: SegmentState) -> RowOutcome { .known(RowOutcome.Row(segment, state)) }

    /// Announces the segment and lets it be found missing, with this row.
    private func miss(_ harness: inout UploadMachineHarness, _ row: RowOutcome) -> [UploadStateMachine.Action] {
        _ = harness.handle(.received(SegmentRecorded(segment: segment), 1))
        #expect(harness.handle(.prepared(segment.id, .missing)) == [.findRow(segment.id)])
        return harness.handle(.rowFound(segment.id, row))
    }

    @Test func `nothing is lost before spool and S3 had no trace of it twice, an hour apart`() {
        var harness = UploadMachineHarness()
        #expect(miss(&harness, row(.spooled)) == [.head(segment)])
        #expect(
            harness.handle(.headFinished(segment.id, .absent)) == [
                .report(.absent(segment.id)), .resolve(1, .acknowledge),
            ]
        )
        // Another message within the hour changes nothing.
        _ = harness.pass(.seconds(3000))
        #expect(miss(&harness, row(.spooled)) == [.head(segment)])
        #expect(harness.handle(.headFinished(segment.id, .absent)) == [.resolve(1, .acknowledge)])
        #expect(harness.pass(.seconds(599)).isEmpty)
        #expect(harness.pass(.seconds(1)) == [.prepare(segment.id)])
        _ = harness.handle(.prepared(segment.id, .missing))
        _ = harness.handle(.rowFound(segment.id, row(.spooled)))
        guard case .deadLetter(let upload)? = harness.handle(.headFinished(segment.id, .absent)).first else {
            Issue.record("not lost")
            return
        }
        #expect(upload.failure.kind == .missing && upload.segment == segment)
    }

    @Test func `a file that comes back is uploaded, and begins to be missing anew`() {
        var harness = UploadMachineHarness()
        _ = miss(&harness, row(.spooled))
        _ = harness.handle(.headFinished(segment.id, .absent))
        #expect(harness.pass(.seconds(3600)) == [.prepare(segment.id)])
        #expect(harness.handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
        _ = harness.handle(.putFinished(segment.id, .trouble(.timeout, "t")))
        _ = harness.pass(.seconds(30))
        _ = harness.handle(.prepared(segment.id, .missing))
        _ = harness.handle(.rowFound(segment.id, row(.spooled)))
        #expect(harness.handle(.headFinished(segment.id, .absent)) == [.report(.absent(segment.id))])
    }

    @Test func `what S3 has is stored, wherever the file is`() {
        var harness = UploadMachineHarness()
        #expect(miss(&harness, row(.failed)) == [.noteMissing(segment), .head(segment)])
        #expect(
            harness.handle(.headFinished(segment.id, .same(.sample))) == [.writeRows([.sample(segment)])]
        )
        #expect(harness.settle(segment) == [.resolve(1, .acknowledge)])
    }

    @Test func `a bucket that is refused says nothing about its objects`() {
        var harness = UploadMachineHarness()
        let other = segments(1)[0]
        harness.begin(other, delivery: 9)
        let refusal = Refusal(code: "NoSuchBucket", reason: "no bucket", isStoreWide: true)
        _ = harness.handle(.putFinished(other.id, .refused(refusal)))
        _ = harness.handle(.received(SegmentRecorded(segment: segment), 1))
        #expect(harness.pass(.seconds(15)) == [.prepare(segment.id)])
        _ = harness.handle(.prepared(segment.id, .missing))
        _ = harness.handle(.rowFound(segment.id, row(.spooled)))
        #expect(harness.handle(.headFinished(segment.id, .absent)).isEmpty)
        #expect(harness.machine.count == 2)
    }

    @Test func `a key that may not look says nothing about what is there`() {
        var harness = UploadMachineHarness()
        _ = miss(&harness, row(.spooled))
        #expect(harness.handle(.headFinished(segment.id, .refused(.of(segment)))).isEmpty)
        #expect(!harness.machine.absent.contains(segment.id))
        #expect(harness.pass(.seconds(60)) == [.prepare(segment.id)])
    }

    @Test func `an object that was there a moment ago and is not is looked for again`() {
        var harness = UploadMachineHarness()
        harness.begin(segment)
        #expect(harness.handle(.putFinished(segment.id, .exists)) == [.compare(segment)])
        #expect(harness.handle(.headFinished(segment.id, .absent)).isEmpty)
        #expect(harness.pass(.seconds(30)) == [.prepare(segment.id)])
    }

    @Test func `a row that says stored leaves nothing to do but the sidecar`() {
        var harness = UploadMachineHarness()
        #expect(miss(&harness, row(.stored)) == [.discard(segment.id), .resolve(1, .acknowledge)])
    }

    @Test func `nothing of a segment that is lost is deleted, because it may turn up`() {
        var harness = UploadMachineHarness()
        #expect(miss(&harness, row(.lost)) == [.resolve(1, .acknowledge)])
    }

    @Test func `a message alone makes no row`() {
        var harness = UploadMachineHarness()
        #expect(miss(&harness, .known(nil)) == [.report(.unknown(segment.id)), .resolve(1, .acknowledge)])
    }

    @Test func `without the database nothing is decided`() {
        var harness = UploadMachineHarness()
        // It may have been restored: the receipts are compared.
        #expect(miss(&harness, .unavailable) == [.replayReceipts(from: .beginning)])
        _ = harness.handle(.receiptsReplayed(.unavailable("away")))
        #expect(harness.pass(.seconds(6)).contains(.prepare(segment.id)))
    }

    @Test func `media without a sidecar get it back from their row, if they are what it says`() {
        var harness = UploadMachineHarness()
        _ = harness.handle(.found([segment.id]))
        #expect(harness.handle(.prepared(segment.id, .withoutSidecar("none"))) == [.findRow(segment.id)])
        #expect(harness.handle(.rowFound(segment.id, row(.spooled))) == [.restoreSidecar(segment)])
        #expect(harness.handle(.hashed(segment.id, .intact)) == [.prepare(segment.id)])
        _ = harness.handle(.prepared(segment.id, .withoutSidecar("none")))
        _ = harness.handle(.rowFound(segment.id, row(.spooled)))
        guard case .deadLetter(let upload)? = harness.handle(.hashed(segment.id, .different)).first else {
            Issue.record("not failed")
            return
        }
        #expect(upload.failure.kind == .corrupt && upload.segment == segment)
    }

    @Test func `media that neither sidecar nor row describe stay, and no row changes`() {
        var harness = UploadMachineHarness()
        _ = harness.handle(.received(SegmentRecorded(segment: segment), 1))
        _ = harness.handle(.prepared(segment.id, .withoutSidecar("none")))
        guard case .deadLetter(let upload)? = harness.handle(.rowFound(segment.id, .known(nil))).first else {
            Issue.record("not failed")
            return
        }
        #expect(upload.failure.kind == .corrupt && upload.segment == nil && upload.announced == segment)
    }
}
