import ObserverCore
import ObserverMessages
import SeededNumbers
import Spool
import System
import Testing

@testable import ObserverUpload

/// Random histories of a store, a broker and a spool.
@Suite struct UploadSimulationTests {
    @Test(arguments: 1...20)
    func `whatever happens, each segment ends stored or dead-lettered and each delivery is resolved once`(seed: UInt64)
    {
        var random = SeededGenerator(seed: seed)
        var harness = UploadMachineHarness(parallel: 4)
        let all = segments(30)
        var resolved: [DeliveryToken: Int] = [:]
        var done: Set<SegmentID> = []
        var queue: [UploadStateMachine.Event] = []
        for (index, segment) in all.enumerated() {
            queue.append(.received(SegmentRecorded(segment: segment), index))
            if Bool.random(using: &random) { queue.append(.found([segment.id])) }
        }
        var deliveries = all.count
        for _ in 0..<20_000 {
            if queue.isEmpty {
                if done.count == all.count { break }
                harness.now = harness.now + .seconds(10)
                queue.append(.tick)
                queue.append(.found(all.map(\.id).filter { !done.contains($0) }))
            }
            let event = queue.remove(at: Int.random(in: 0..<min(3, queue.count), using: &random))
            for action in harness.handle(event) {
                switch action {
                case .prepare(let id):
                    let segment = all.first { $0.id == id } ?? all[0]
                    queue.append(.prepared(id, done.contains(id) ? .missing : .ready(segment)))
                case .put(let segment):
                    let outcomes: [PutOutcome] = [
                        .stored(etag: nil), .exists, .refused("403"), .trouble(.timeout, "t"), .digestMismatch,
                        .unreadable("EIO"),
                    ]
                    queue.append(.putFinished(segment.id, outcomes.randomElement(using: &random) ?? .exists))
                case .head(let segment): queue.append(.headFinished(segment.id, .same(etag: nil)))
                case .hash(let segment): queue.append(.hashed(segment.id, .intact))
                case .writeReceipt(let segment, _, _):
                    done.insert(segment.id)
                    queue.append(.receiptWritten(segment.id, problem: nil))
                case .completeReceipt(let receipt): queue.append(.receiptWritten(receipt.segment.id, problem: nil))
                case .findRow(let id): queue.append(.rowFound(id, .known(.stored)))
                case .publishRetry(var recorded, _):
                    let isConfirmed = Bool.random(using: &random)
                    queue.append(.published(recorded.segment.id, isConfirmed: isConfirmed))
                    recorded.attempt += 1
                    if isConfirmed {
                        queue.append(.received(recorded, deliveries))
                        deliveries += 1
                    }
                case .deadLetter(let id, _, _, _): queue.append(.published(id, isConfirmed: true))
                case .resolve(let token, _): resolved[token, default: 0] += 1
                case .discard, .sweep, .report, .reportUnreadable: break
                }
            }
        }
        #expect(done.count == all.count)
        #expect(resolved.values.allSatisfy { $0 == 1 })
        _ = harness.handle(.stop)
    }
}
