import AMQP
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import Spool
import System

/// Carries out the actions of the state machine, on the uploader's thread; keeps the open deliveries.
struct UploadShell {
    private(set) var machine: UploadStateMachine
    private let uploader: Uploader
    private var deliveries: [DeliveryToken: AMQPOpenDelivery] = [:]
    private var lastToken = 0

    init(machine: UploadStateMachine, uploader: Uploader) {
        self.machine = machine
        self.uploader = uploader
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
        switch action {
        case .prepare(let id): return .prepared(id, prepare(id))
        case .put(let segment): put(segment)
        case .head(let segment):
            let report = reporter
            uploader.store.head(segment, file: uploader.spool.media(segment.id)) {
                report(.headFinished(segment.id, $0))
            }
        case .hash(let segment): uploader.receiptWriter.add(.hash(segment))
        case .writeReceipt(let segment, let etag, let tries):
            uploader.logger.debug(
                "Segment uploaded",
                [.segmentID: .string(segment.id.description), .byteCount: .int(Int(segment.media.bytes))]
            )
            uploader.receiptWriter.add(.write(segment, etag: etag, tries: tries))
        case .completeReceipt(let receipt): uploader.receiptWriter.add(.complete(receipt))
        case .discard(let id): uploader.receiptWriter.add(.discard(id))
        case .findRow(let id): uploader.receiptWriter.add(.findRow(id))
        case .publishRetry(let recorded, let pause): publishRetry(recorded, after: pause)
        case .deadLetter(let id, let recorded, let failure, let tries):
            deadLetter(id, recorded: recorded, failure: failure, tries: tries)
        case .resolve(let token, let verdict): resolve(token, verdict)
        case .sweep: uploader.sweeper.wake()
        case .report(let health): log(health)
        case .reportUnreadable(let id, let reason):
            uploader.logger.warning(
                "Segment unreadable; will retry",
                [.segmentID: .string(id.description), .error: .string(reason)]
            )
        }
        return nil
    }

    private func log(_ health: UploadStateMachine.StoreHealth) {
        switch health {
        case .unavailable(let reason):
            uploader.logger.warning("S3 unavailable; uploads wait", [.error: .string(reason)])
        case .available:
            uploader.logger.info("S3 available; uploads resume", [.uploadsWaiting: .int(machine.count)])
        case .accepting(let count):
            uploader.logger.info("S3 accepts uploads again; replaying", [.segmentCount: .int(count)])
        }
    }

    private var reporter: @Sendable (UploadStateMachine.Event) -> Void {
        { [inputs = uploader.inputs] event in _ = inputs.push(.event(event)) }  // ignored: full only if closed
    }

    private func prepare(_ id: SegmentID) -> Preparation {
        let spool = uploader.spool
        do {
            if let receipt = try spool.receipt(id) { return .uploaded(receipt) }
            guard let segment = try spool.segment(id), let media = try spool.mediaStatus(id) else { return .missing }
            guard media.bytes == segment.media.bytes else {
                return .corrupt("the file has \(media.bytes) bytes, its sidecar says \(segment.media.bytes)")
            }
            return .ready(segment)
        } catch {
            guard error.kind == .corrupt else { return .unreadable(error.description) }
            return .corrupt("the sidecar or receipt is not what belongs there: \(error.reason)")
        }
    }

    private func put(_ segment: Segment) {
        uploader.crashPoints.reach(.beforePut)
        let report = reporter
        uploader.store.put(segment, file: uploader.spool.media(segment.id)) { report(.putFinished(segment.id, $0)) }
    }

    private func publishRetry(_ recorded: SegmentRecorded, after pause: Duration) {
        let id = recorded.segment.id
        uploader.logger.info(
            "Upload refused; will retry",
            [
                .segmentID: .string(id.description), .uploadAttempt: .int(recorded.attempt),
                .uploadPause: .string("\(pause)"),
            ]
        )
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

    private func deadLetter(_ id: SegmentID, recorded: SegmentRecorded?, failure: Failure, tries: Int) {
        var fields: [LogKey: LogValue] = [
            .segmentID: .string(id.description), .uploadTries: .int(tries), .uploadCycle: .int(recorded?.cycle ?? 0),
            .reason: .string(failure.kind.rawValue), .error: .string(failure.detail),
        ]
        if let recorded { fields[.cameraID] = .int(Int(recorded.segment.header.cameraID.rawValue)) }
        uploader.logger.error("Upload failed; file kept", fields)
        if let recorded { uploader.receiptWriter.add(.fail(recorded.segment, failure, tries: tries)) }

        let body: [UInt8]
        do { body = try recorded?.message().body ?? Array("{\"id\":\"\(id)\"}".utf8) } catch { body = [] }
        let reason: DeadLetter.Reason =
            switch failure.kind {
            case .refused: .refused
            case .corrupt: .corrupt
            case .missing: .missing
            }
        let report = reporter
        let letter = DeadLetter.message(reason, error: failure.detail, body: body, messageID: id.description)
        uploader.publisher.publish(letter, within: Uploader.publishLimit) { outcome in
            report(.published(id, isConfirmed: outcome == .confirmed))
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
