import AMQP
import HTTPClient
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import Spool
import System

/// Carries out the actions of the state machine, on the uploader's thread; keeps the open deliveries.
struct UploadShell {
    private(set) var machine: UploadStateMachine
    private let uploader: Uploader
    private let log: UploadLog
    private var deliveries: [DeliveryToken: AMQPOpenDelivery] = [:]
    private var lastToken = 0
    /// The words of stores for why they do not take segments.
    private var storeDetails: [Destination: String] = [:]

    init(machine: UploadStateMachine, uploader: Uploader) {
        self.machine = machine
        self.uploader = uploader
        log = UploadLog(uploader.logger)
    }

    mutating func receive(_ input: Uploader.Input) {
        switch input {
        case .event(let event): react(to: event)
        case .delivery(let recorded, let delivery):
            lastToken += 1
            deliveries[lastToken] = delivery
            react(to: .received(recorded, lastToken))
        }
    }

    mutating func react(to event: UploadStateMachine.Event) {
        var events = [event]
        while let event = events.popLast() {
            for action in machine.handle(event, now: .now()) {
                if let answer = perform(action) { events.append(answer) }
            }
        }
    }

    /// Carries out one action.
    ///
    /// - Returns: Its outcome, if that is known at once.
    private mutating func perform(_ action: UploadStateMachine.Action) -> UploadStateMachine.Event? {
        let (spool, rows, report) = (uploader.spoolWriter, uploader.rowWriter, reporter)
        switch action {
        case .prepare(let id): return .prepared(id, uploader.spool.prepare(id))
        case .put(let segment, let destination): put(segment, to: destination)
        case .compare(let segment, let destination):
            uploader.store(at: destination).compare(segment, file: uploader.spool.media(segment.id)) {
                report(.headFinished(segment.id, $0))
            }
        case .head(let segment, let destination):
            uploader.store(at: destination).head(segment) { report(.headFinished(segment.id, $0)) }
        case .hash(let segment): spool.add(.hash(segment))
        case .restoreSidecar(let segment): spool.add(.restoreSidecar(segment))
        case .findRow(let id): rows.add(.find(id))
        case .writeRows(let receipts): rows.add(.write(receipts))
        case .appendReceipts(let receipts, let isProof): spool.add(.append(receipts, isProof: isProof))
        case .delete(let ids): spool.add(.delete(ids))
        case .discard(let id): spool.add(.discard(id))
        case .replayReceipts(let position): spool.add(.replay(from: position))
        case .removeReceipts(let position): spool.add(.removeReceipts(before: position))
        case .publishRetry(let recorded, let pause): publishRetry(recorded, after: pause)
        case .noteMissing(let segment): rows.add(.noteMissing(segment))
        case .deadLetter(let upload): deadLetter(upload)
        case .resolve(let token, let verdict): resolve(token, verdict)
        case .sweep: uploader.sweeper.suggest()
        case .report(let change):
            note(change)
            log.write(change, waiting: machine.count)
        }
        return nil
    }

    /// The segments that wait, and the state of the store with its words.
    var standing: UploadStanding {
        var standing = machine.standing(.now())
        standing.storeDetails = storeDetails.filter { standing.stores[$0.key] != .working }
        return standing
    }

    private mutating func note(_ change: UploadStateMachine.Report) {
        switch change {
        case .storeUnavailable(let reason, let destination), .storeRefuses(let reason, let destination):
            storeDetails[destination] = reason
        default: break
        }
    }

    private var reporter: @Sendable (UploadStateMachine.Event) -> Void {
        { [inputs = uploader.inputs] event in _ = inputs.push(.event(event)) }  // ignored: full only if closed
    }

    private func put(_ segment: Segment, to destination: Destination) {
        uploader.crashPoints.reach(.beforePut)
        let report = reporter
        // People watch what was recorded last.
        let priority: HTTPClientPriority = machine.isRecent(segment.id) ? .high : .low
        uploader.store(at: destination).put(segment, file: uploader.spool.media(segment.id), priority: priority) {
            report(.putFinished(segment.id, $0))
        }
    }

    private func publishRetry(_ recorded: SegmentRecorded, after pause: Duration) {
        let id = recorded.segment.id
        log.retry(recorded, after: pause)
        let report = reporter
        do {
            let message = try recorded.retryMessage(after: recorded.attempt, pause: pause)
            let crashPoints = uploader.crashPoints
            uploader.publisher.publish(message, within: Uploader.publishLimit) { outcome in
                crashPoints.reach(.afterRetry)
                report(.published(id, isConfirmed: outcome == .confirmed))
            }
        } catch {
            report(.published(id, isConfirmed: false))
        }
    }

    private func deadLetter(_ upload: UploadStateMachine.DeadUpload) {
        log.failure(upload)
        if let segment = upload.segment {
            uploader.rowWriter.add(.fail(segment, upload.failure, tries: upload.tries))
        }
        let report = reporter
        uploader.publisher.publish(upload.letter, within: Uploader.publishLimit) { outcome in
            report(.published(upload.id, isConfirmed: outcome == .confirmed))
        }
    }

    private mutating func resolve(_ token: DeliveryToken, _ verdict: UploadStateMachine.Verdict) {
        guard let delivery = deliveries.removeValue(forKey: token) else { return }
        switch verdict {
        case .acknowledge: delivery.acknowledge()
        case .requeue: delivery.requeue()
        case .reject: delivery.reject()
        }
    }
}

extension UploadStateMachine.DeadUpload {
    /// The message for the dead-letter queue.
    var letter: AMQPMessage {
        let recorded = (segment ?? announced).map { SegmentRecorded(attempt: tries, cycle: cycle, segment: $0) }
        let body = (try? recorded?.message().body) ?? Array("{\"id\":\"\(id)\"}".utf8)
        let reason: DeadLetter.Reason =
            switch failure.kind {
            case .refused: .refused
            case .corrupt: .corrupt
            case .missing: .missing
            }
        return DeadLetter.message(reason, error: failure.detail, body: body, messageID: id.description)
    }
}

extension Spool {
    /// Looks at the files of a segment.
    func prepare(_ id: SegmentID) -> Preparation {
        do throws(SpoolError) {
            guard let media = try mediaStatus(id) else {
                try check()
                // The folder may have been away for the first look alone.
                return try mediaStatus(id) == nil ? .missing : .unreadable("the file was away for a moment")
            }
            return try prepare(id, bytes: media.bytes)
        } catch {
            return .unreadable(error.description)
        }
    }

    private func prepare(_ id: SegmentID, bytes: Int64) throws(SpoolError) -> Preparation {
        let found: Segment?
        do throws(SpoolError) {
            found = try segment(id)
        } catch {
            guard error.kind == .corrupt else { throw error }
            return .withoutSidecar("the sidecar is not what belongs there: \(error.reason)")
        }
        guard let segment = found else {
            if try isCommitting(id) { return .unreadable("it is being committed") }
            return .withoutSidecar("it has no sidecar")
        }
        guard bytes == segment.media.bytes else {
            return .corrupt(segment, "the file has \(bytes) bytes, its sidecar says \(segment.media.bytes)")
        }
        return mayDelete ? .ready(segment) : .kept(segment)
    }
}
