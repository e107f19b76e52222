import ObserverCore
import ObserverMessages
import Spool
import System
import Testing

@testable import ObserverUpload

/// The proof of an upload: row or receipt, and only then the deletion.
@Suite struct SettlementTests {
    private let all = segments(3)

    private func store(_ segment: Segment, _ harness: inout UploadMachineHarness) -> [UploadStateMachine.Action] {
        harness.begin(segment)
        return harness.handle(.putFinished(segment.id, .stored(.sample)))
    }

    @Test func `what is stored and cannot be deleted is not uploaded again by the next process`() {
        var harness = UploadMachineHarness()
        let (id, stored) = (all[0].id, RowOutcome.known(RowOutcome.Row(all[0], .stored)))
        #expect(harness.handle(.found([id])) == [.prepare(id)])
        for _ in 1...3 {
            #expect(harness.handle(.prepared(id, .kept(all[0]))) == [.findRow(id)])
            #expect(harness.handle(.rowFound(id, stored)).isEmpty)
            #expect(harness.handle(.found([id])).isEmpty)
            #expect(harness.pass(.seconds(590)).isEmpty)
            #expect(harness.pass(.seconds(15)) == [.prepare(id)])
        }
        // The disk is well again: the usual way, with its proof.
        #expect(harness.handle(.prepared(id, .ready(all[0]))) == [.put(all[0])])
        #expect(harness.handle(.putFinished(id, .exists)) == [.compare(all[0])])
        #expect(harness.handle(.headFinished(id, .same(.sample))) == [.writeRows([.sample(all[0])])])
        #expect(harness.settle(all[0]).isEmpty)
    }

    @Test func `what cannot be deleted and is not known to be stored is uploaded`() {
        var other = all[1]
        other.media.sha256 = String(repeating: "0", count: 64)
        let rows: [RowOutcome] = [
            .unavailable, .known(nil), .known(RowOutcome.Row(all[0], .spooled)), .known(RowOutcome.Row(other, .stored)),
        ]
        for row in rows {
            var harness = UploadMachineHarness()
            let segment = row == rows[3] ? all[1] : all[0]
            _ = harness.handle(.found([segment.id]))
            _ = harness.handle(.prepared(segment.id, .kept(segment)))
            #expect(harness.handle(.rowFound(segment.id, row)).contains(.put(segment)))
        }
    }

    @Test func `a database that does not answer is replaced by the receipt, and asked again by the log`() {
        var harness = UploadMachineHarness()
        #expect(store(all[0], &harness) == [.writeRows([.sample(all[0])])])
        #expect(harness.pass(.milliseconds(400)).isEmpty)
        let actions = harness.pass(.milliseconds(200))
        #expect(actions.contains(.appendReceipts([.sample(all[0])], isProof: true)))
        #expect(actions.contains(.report(.databaseUnavailable("it does not answer"))))
        #expect(!actions.contains(.delete([all[0].id])))
        #expect(harness.handle(.receiptsAppended(problem: nil)) == [.delete([all[0].id])])
        #expect(harness.handle(.deleted([all[0].id], problems: [:])) == [.resolve(1, .acknowledge)])
        // The next one does not wait for the database.
        #expect(store(all[1], &harness) == [.appendReceipts([.sample(all[1])], isProof: true)])
        _ = harness.handle(.receiptsAppended(problem: nil))
        _ = harness.handle(.deleted([all[1].id], problems: [:]))
        // Its answer comes at last, and the log is compared.
        let back = harness.handle(.rowsWritten(.written([all[0].id: .stored])))
        #expect(back == [.report(.databaseAvailable), .replayReceipts(from: .beginning)])
        #expect(store(all[2], &harness) == [.writeRows([.sample(all[2])])])
    }

    @Test func `bytes stay while neither the database nor the disk takes a proof, and nothing is sent again`() {
        var harness = UploadMachineHarness()
        _ = store(all[0], &harness)
        _ = harness.handle(.rowsWritten(.unavailable("away")))
        #expect(harness.handle(.receiptsAppended(problem: "EROFS")) == [.report(.receiptsRefused("EROFS"))])
        var appends = 0
        for _ in 0..<3600 {
            for action in harness.pass(.seconds(1)) {
                switch action {
                case .appendReceipts:
                    appends += 1
                    #expect(harness.handle(.receiptsAppended(problem: "EROFS")).isEmpty)
                case .replayReceipts: _ = harness.handle(.receiptsReplayed(.unavailable("away")))
                default: Issue.record("\(action)")
                }
            }
            #expect(harness.handle(.found([all[0].id])).isEmpty)
        }
        #expect((30...120).contains(appends))
    }

    @Test func `only what the database returned as stored is proven by its row`() {
        var harness = UploadMachineHarness()
        _ = store(all[0], &harness)
        #expect(
            harness.handle(.rowsWritten(.written([all[0].id: .failed]))) == [
                .appendReceipts([.sample(all[0])], isProof: true)
            ]
        )
        #expect(harness.handle(.receiptsAppended(problem: nil)).first == .delete([all[0].id]))
    }

    @Test func `a file that cannot be deleted is not uploaded again, and deleted when it can be`() {
        var harness = UploadMachineHarness()
        _ = store(all[0], &harness)
        _ = harness.handle(.rowsWritten(.written([all[0].id: .stored])))
        #expect(
            harness.handle(.deleted([all[0].id], problems: [all[0].id: "EROFS"])) == [
                .report(.deletionRefused(all[0].id, "EROFS")), .resolve(1, .acknowledge),
            ]
        )
        var deletions = 0
        for _ in 0..<3600 {
            #expect(harness.handle(.found([all[0].id])).isEmpty)
            for action in harness.pass(.seconds(1)) {
                #expect(action == .delete([all[0].id]))
                deletions += 1
                #expect(harness.handle(.deleted([all[0].id], problems: [all[0].id: "EROFS"])).isEmpty)
            }
        }
        #expect((10...30).contains(deletions))
        #expect(harness.pass(.seconds(300)) == [.delete([all[0].id])])
        #expect(harness.handle(.deleted([all[0].id], problems: [:])) == [.report(.deletionPossible)])
    }

    @Test func `files that cannot be deleted at the same moment lengthen the pause once`() {
        var harness = UploadMachineHarness()
        for segment in all.prefix(3) {
            _ = store(segment, &harness)
            _ = harness.handle(.rowsWritten(.written([segment.id: .stored])))
        }
        for segment in all.prefix(3) {
            _ = harness.handle(.deleted([segment.id], problems: [segment.id: "EROFS"]))
        }
        #expect(harness.pass(.seconds(5)) == [.delete([all[0].id])])
    }

    @Test func `the log is compared once more after six hours, page by page to its end`() {
        var harness = UploadMachineHarness()
        #expect(harness.pass(.seconds(6 * 3600)) == [.replayReceipts(from: .beginning)])
        let (first, second) = (ReceiptLog.Position(file: 1, offset: 500), ReceiptLog.Position(file: 1, offset: 700))
        #expect(
            harness.handle(.receiptsReplayed(.done(to: first, isLast: false))) == [.replayReceipts(from: first)]
        )
        #expect(
            harness.handle(.receiptsReplayed(.done(to: second, isLast: true))) == [.removeReceipts(before: second)]
        )
        #expect(harness.pass(.seconds(3600)).isEmpty)
        // What the disk did not take at first is compared when it is there.
        #expect(harness.handle(.receiptsNoted) == [.replayReceipts(from: second)])
    }

    @Test func `after the stop what has no proof goes back to the queue`() {
        var harness = UploadMachineHarness()
        _ = store(all[0], &harness)
        _ = harness.handle(.rowsWritten(.unavailable("away")))
        _ = harness.handle(.stop)
        #expect(!harness.machine.isIdle)
        let actions = harness.handle(.receiptsAppended(problem: "EROFS"))
        #expect(actions.contains(.resolve(1, .requeue)))
        #expect(harness.machine.isIdle)
    }

    @Test func `while the database is away it is asked after growing pauses, and the stop asks nothing of it`() {
        var harness = UploadMachineHarness()
        _ = store(all[0], &harness)
        var asked = 0
        func answer(_ actions: [UploadStateMachine.Action]) {
            for case .replayReceipts in actions {
                asked += 1
                _ = harness.handle(.receiptsReplayed(.unavailable("away")))
            }
        }
        answer(harness.handle(.rowsWritten(.unavailable("away"))))
        for _ in 0..<6000 { answer(harness.pass(.milliseconds(100))) }
        #expect((35...120).contains(asked))
        asked = 0
        answer(harness.handle(.stop))
        for _ in 0..<600 { answer(harness.pass(.milliseconds(100))) }
        #expect(asked == 0)
    }

    @Test func `what a database had may be gone after it was away: the log is compared from its beginning`() {
        var harness = UploadMachineHarness()
        let end = ReceiptLog.Position(file: 1, offset: 500)
        #expect(harness.pass(.seconds(6 * 3600)) == [.replayReceipts(from: .beginning)])
        _ = harness.handle(.receiptsReplayed(.done(to: end, isLast: true)))
        _ = store(all[0], &harness)
        let away = harness.handle(.rowsWritten(.unavailable("away")))
        #expect(away.contains(.appendReceipts([.sample(all[0])], isProof: true)))
        // First to the end of what was begun, then all of it.
        #expect(harness.pass(.seconds(1)) == [.replayReceipts(from: end)])
        let back = harness.handle(.receiptsReplayed(.done(to: end, isLast: true)))
        #expect(back == [.report(.databaseAvailable), .replayReceipts(from: .beginning)])
    }
}
