import ObserverCore
import ObserverMessages
import Spool
import System
import TestSupport

@testable import ObserverUpload

/// The world's answers.
extension UploadWorld {
    mutating func perform(_ action: UploadStateMachine.Action) {
        switch action {
        case .prepare: schedule(.action(action), on: .uploader)
        case .put, .compare, .head: schedule(.action(action), on: .network)
        case .hash, .restoreSidecar, .appendReceipts, .delete, .discard, .replayReceipts, .removeReceipts:
            schedule(.action(action), on: .disk)
        case .findRow, .writeRows: schedule(.action(action), on: .rows)
        case .publishRetry: schedule(.action(action), on: .broker)
        case .deadLetter(let upload):
            if upload.failure.kind == .refused { deadLetters += 1 }
            checkFailure(upload)
            fail(upload)
            schedule(.action(action), on: .broker)
        case .resolve(let token, let verdict): resolve(token, verdict)
        case .sweep: schedule(.sweep, on: .sweeper)
        case .report, .noteMissing: break
        }
    }

    mutating func execute(_ work: Work) -> UploadStateMachine.Event? {
        switch work {
        case .sweep:
            guard !disk.isAway else { return nil }
            return .found(Set(disk.media.keys).union(disk.sidecars.keys).sorted())
        case .compare(let receipts, let end, let isLast):
            guard isAnswering() else { return .receiptsReplayed(.unavailable("away")) }
            for receipt in receipts { upsert(receipt.segment, .stored, in: receipt.destinations) }
            return .receiptsReplayed(.done(to: end, isLast: isLast))
        case .action(let action): return execute(action)
        }
    }

    private mutating func execute(_ action: UploadStateMachine.Action) -> UploadStateMachine.Event? {
        switch action {
        case .prepare(let id): return .prepared(id, prepare(id))
        case .put(let segment, let destination): return .putFinished(segment.id, put(segment, to: destination))
        case .compare(let segment, let destination), .head(let segment, let destination):
            return .headFinished(segment.id, head(segment, at: destination))
        case .hash(let segment): return .hashed(segment.id, hash(segment))
        case .restoreSidecar(let segment):
            let found = hash(segment)
            guard found == .intact else { return .hashed(segment.id, found) }
            guard !disk.isReadOnly, !disk.isFull else { return .hashed(segment.id, .unreadable("refused")) }
            disk.sidecars[segment.id] = segment
            return .hashed(segment.id, .intact)
        case .appendReceipts(let receipts, let isProof): return append(receipts, isProof: isProof)
        case .delete(let ids): return delete(ids)
        case .discard(let id):
            if disk.media[id] == nil, !disk.isAway, !disk.isReadOnly { disk.sidecars[id] = nil }
            return nil
        case .replayReceipts(let position):
            let begin = min(Int(position.offset), disk.receipts.count)
            let page = Array(disk.receipts[begin...].prefix(5))
            let end = begin + page.count
            schedule(
                .compare(page, end: .init(file: 1, offset: Int64(end)), isLast: end == disk.receipts.count),
                on: .rows
            )
            return nil
        case .findRow(let id):
            guard isAnswering() else { return .rowFound(id, .unavailable) }
            return .rowFound(id, .known(database.rows[id].map { RowOutcome.Row($0.segment, $0.state) }))
        case .writeRows(let receipts): return writeRows(receipts)
        case .publishRetry(let recorded, let pause):
            return .published(recorded.segment.id, isConfirmed: publishRetry(recorded, pause))
        case .deadLetter(let upload): return .published(upload.id, isConfirmed: !broker.isAway)
        case .removeReceipts, .resolve, .sweep, .report, .noteMissing: return nil
        }
    }

    // MARK: - Disk

    private mutating func prepare(_ id: SegmentID) -> Preparation {
        guard !disk.isAway else { return .unreadable("away") }
        guard disk.media[id] != nil else { return .missing }
        guard case let sidecar?? = disk.sidecars[id] else { return .withoutSidecar("no sidecar") }
        seen.insert(id)
        return disk.isReadOnly ? .kept(sidecar) : .ready(sidecar)
    }

    private func hash(_ segment: Segment) -> HashOutcome {
        guard !disk.isAway, let found = disk.media[segment.id] else { return .unreadable("away") }
        return found == segment.media.sha256 ? .intact : .different
    }

    private mutating func append(_ receipts: [Receipt], isProof: Bool) -> UploadStateMachine.Event? {
        guard isProof else {
            if disk.takesReceipts { disk.receipts += receipts } else { disk.unnoted += receipts }
            return nil
        }
        guard disk.takesReceipts else { return .receiptsAppended(problem: "refused") }
        disk.receipts += receipts
        for receipt in receipts { proven[receipt.segment.id] = now }
        return .receiptsAppended(problem: nil)
    }

    /// Appends the receipts that the disk did not take, if it does now.
    mutating func noteAgain() {
        guard disk.takesReceipts, !disk.unnoted.isEmpty else { return }
        disk.receipts += disk.unnoted
        disk.unnoted = []
        handle(.receiptsNoted)
    }

    private mutating func delete(_ ids: [SegmentID]) -> UploadStateMachine.Event {
        guard !disk.isAway, !disk.isReadOnly else {
            return .deleted(ids, problems: Dictionary(uniqueKeysWithValues: ids.map { ($0, "refused") }))
        }
        for id in ids {
            checkProof(id, "deleted")
            disk.media[id] = nil
            disk.sidecars[id] = nil
        }
        return .deleted(ids, problems: [:])
    }

    // MARK: - Store

    private mutating func put(_ segment: Segment, to destination: Destination) -> PutOutcome {
        guard !disk.isAway, let bytes = disk.media[segment.id] else { return .unreadable("gone") }
        guard var store = stores[destination] else { return .trouble(.connection, "no such destination") }
        let key = segment.header.objectKey
        if fates[segment.id] == .occupied, store.objects[key] == nil { stores[destination]?.objects[key] = "another" }
        store = stores[destination] ?? store
        switch store.mode {
        case .away: return .trouble(.connection, "refused")
        case .refusing:
            return .refused(Refusal(code: "SignatureDoesNotMatch", reason: "wrong key", isStoreWide: chance(50)))
        case .lying:
            // A captive portal says 200 to everything, and the client, which wants a proof, finds nothing.
            guard store.objects[key] != nil, case .same(let object) = head(segment, at: destination) else {
                return .trouble(.server, "the store accepted the bytes and does not have them")
            }
            return .stored(object)
        case .good, .losingAnswers: break
        }
        if chance(3) { return .trouble(.throttled, "SlowDown") }
        puts[segment.id, default: [:]][destination, default: 0] += 1
        guard store.objects[key] == nil else { return .exists }
        guard bytes == segment.media.sha256, !chance(3) else {
            puts[segment.id]?[destination]? -= 1
            return .digestMismatch
        }
        stores[destination]?.objects[key] = bytes
        if chance(10) { stores[destination]?.unseen.insert(key) }
        guard store.mode != .losingAnswers, !chance(3) else {
            excuses[segment.id, default: 0] += 1
            return .trouble(.timeout, "lost")
        }
        return .stored(StoredObject(etag: nil, confirmedAt: SegmentHeader.sampleStart))
    }

    private mutating func head(_ segment: Segment, at destination: Destination) -> HeadOutcome {
        guard let store = stores[destination] else { return .trouble(.connection, "no such destination") }
        switch store.mode {
        case .away, .lying:
            excuses[segment.id, default: 0] += 1
            return .trouble(.connection, "refused")
        case .refusing:
            excuses[segment.id, default: 0] += 1
            return .refused(Refusal(code: "HTTP 403", reason: "wrong key", isStoreWide: false))
        case .good, .losingAnswers: break
        }
        if chance(3) {
            excuses[segment.id, default: 0] += 1
            return .trouble(.timeout, "lost")
        }
        let key = segment.header.objectKey
        guard let found = store.objects[key] else { return .absent }
        guard !store.unseen.contains(key) else {
            stores[destination]?.unseen.remove(key)
            excuses[segment.id, default: 0] += 1
            return .absent
        }
        return found == segment.media.sha256
            ? .same(StoredObject(etag: nil, confirmedAt: SegmentHeader.sampleStart)) : .different
    }

    // MARK: - Database

    /// Returns true if the database answers a statement; one that fails is seen.
    private mutating func isAnswering() -> Bool {
        if database.mode != .good { database.hasFailed = true }
        return database.mode == .good
    }

    mutating func upsert(_ segment: Segment, _ state: SegmentState, in destinations: DestinationSet = .home) {
        let old = database.rows[segment.id]?.state
        if state == .stored, old == .stored { database.rows[segment.id]?.destinations.formUnion(destinations) }
        let isForward: Bool
        switch (state, old) {
        case (_, nil): isForward = true
        case (.stored, .spooled?), (.stored, .failed?), (.stored, .lost?): isForward = true
        case (.failed, .spooled?), (.failed, .failed?), (.lost, .spooled?), (.lost, .failed?): isForward = true
        default: isForward = false
        }
        guard isForward else { return }
        database.rows[segment.id] = Database.Row(segment: segment, state: state, destinations: destinations)
    }

    private mutating func writeRows(_ receipts: [Receipt]) -> UploadStateMachine.Event {
        guard isAnswering() else { return .rowsWritten(.unavailable("away")) }
        var states: [SegmentID: SegmentState] = [:]
        for receipt in receipts {
            // Some rows are refused for their values, a camera that is gone for example.
            if chance(2) { continue }
            upsert(receipt.segment, .stored, in: receipt.destinations)
            states[receipt.segment.id] = database.rows[receipt.segment.id]?.state
        }
        return .rowsWritten(chance(3) ? .unavailable("lost") : .written(states))
    }

    private mutating func fail(_ upload: UploadStateMachine.DeadUpload) {
        guard let segment = upload.segment, database.mode == .good else { return }
        upsert(segment, upload.failure.kind == .missing ? .lost : .failed)
    }

    // MARK: - Broker

    private mutating func publishRetry(_ recorded: SegmentRecorded, _ pause: Duration) -> Bool {
        guard !broker.isAway else { return false }
        var next = recorded
        next.attempt += 1
        if !chance(3) { broker.delayed.append((now + pause, next)) }
        if chance(5) { broker.delayed.append((now + pause, next)) }
        return !chance(3)
    }

    private mutating func resolve(_ token: DeliveryToken, _ verdict: UploadStateMachine.Verdict) {
        guard let recorded = broker.open.removeValue(forKey: token) else {
            return violation("delivery \(token) was resolved twice")
        }
        if verdict == .requeue { broker.waiting.append(recorded) }
    }

    // MARK: - Checks

    /// The destinations that have a segment's bytes.
    private func holders(_ segment: Segment) -> DestinationSet {
        DestinationSet(destinations.filter { stores[$0]?.objects[segment.header.objectKey] == segment.media.sha256 })
    }

    /// Bytes may go only if as many destinations have them as must, and a row or a receipt says which.
    mutating func checkProof(_ id: SegmentID, _ what: String) {
        guard let segment = segments[id], disk.media[id] != nil || what != "deleted" else { return }
        let holders = holders(segment)
        // One whose files went for a while is stored with what was found of it.
        let least = fates[id] == .wandering || fates[id] == .deleted ? 1 : copies
        if holders.count < least { violation("\(id) \(what) with \(holders.members) of \(least) copies") }
        var said = database.rows[id].flatMap { $0.state.provesUpload ? $0.destinations : nil }
        for receipt in disk.receipts + disk.unnoted where receipt.segment.id == id {
            said = (said ?? []).union(receipt.destinations)
        }
        guard let said else { return violation("\(id) \(what) without row or receipt") }
        if !holders.isSuperset(of: said) || said.count < least {
            violation("\(id) \(what), said to be in \(said.members), is in \(holders.members)")
        }
    }

    /// Expects that what a receipt alone proves becomes a row within a quarter of an hour in which database and disk are well.
    mutating func checkReceipts() {
        guard database.mode == .good, !disk.isAway, let good = database.goodSince else { return }
        for (id, moment) in proven where moment > database.restoredAt ?? .init(nanoseconds: 0) {
            guard !(database.rows[id]?.state.provesUpload ?? false) else {
                proven[id] = nil
                continue
            }
            if now - max(moment, good) > .seconds(900) {
                violation("\(id) has a receipt and no row")
                return
            }
        }
    }

    /// While a store refuses all, one segment tells of it.
    mutating func checkDeadLetters() {
        let most = 4 * (refusals + kills + 1)
        if deadLetters > most { violation("\(deadLetters) segments were dead-lettered, \(most) expected") }
    }

    private mutating func checkFailure(_ upload: UploadStateMachine.DeadUpload) {
        guard upload.failure.kind == .missing, let segment = segments[upload.id] else { return }
        let isThere =
            disk.media[upload.id] != nil
            || stores.values.contains { $0.objects[segment.header.objectKey] != nil }
        if isThere { violation("\(upload.id) is called lost and is there") }
        if let gone = takenAway[upload.id], now - gone < .seconds(3600) {
            violation("\(upload.id) is called lost too early")
        }
        if disk.isAway { violation("\(upload.id) is called lost while the disk is away") }
    }
}
