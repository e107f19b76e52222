import System
import AMQP
import Glibc
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import Spool

/// The thread that owns the state machine and carries out its actions.
final class Uploader: Service {
    enum Input: Sendable {
        case event(UploadStateMachine.Event)
        case delivery(SegmentRecorded, AMQPOpenDelivery)
    }

    /// How long a retry or a dead letter may take to be confirmed.
    static let publishLimit: Duration = .seconds(5)

    private static let tick: Duration = .milliseconds(100)
    /// How long uploads under way may take to finish after the stop.
    private static let drainLimit: Duration = .seconds(15)

    let name = "uploader"
    let inputs: BlockingQueue<Input>
    let spool: Spool
    let store: S3SegmentStore
    let publisher: AMQPConfirmedPublisher
    let receiptWriter: ReceiptWriter
    let sweeper: SpoolSweeper
    let crashPoints: CrashPoints
    let logger: Logger
    private let limits: UploadStateMachine.Limits

    init(
        limits: UploadStateMachine.Limits,
        inputs: BlockingQueue<Input>,
        spool: Spool,
        store: S3SegmentStore,
        publisher: AMQPConfirmedPublisher,
        receiptWriter: ReceiptWriter,
        sweeper: SpoolSweeper,
        crashPoints: CrashPoints,
        logger: Logger
    ) {
        self.limits = limits
        self.inputs = inputs
        self.spool = spool
        self.store = store
        self.publisher = publisher
        self.receiptWriter = receiptWriter
        self.sweeper = sweeper
        self.crashPoints = crashPoints
        self.logger = logger
    }

    /// Works until stopped and idle, or until the drain limit after the stop.
    func run(until stop: StopSignal) {
        var shell = UploadShell(machine: UploadStateMachine(limits: limits), uploader: self)
        var end: MonotonicInstant?
        var nextTick = MonotonicInstant.now()
        while true {
            if let input = inputs.pop(within: Self.tick) { shell.take(input) }
            // A tick looks at every segment that is known, so it must not come with every event.
            if MonotonicInstant.now() >= nextTick {
                shell.react(to: .tick)
                nextTick = MonotonicInstant.now() + Self.tick
            }
            guard stop.isStopped else { continue }
            if end == nil {
                end = MonotonicInstant.now() + Self.drainLimit
                shell.react(to: .stop)
            }
            if shell.machine.isIdle && inputs.count == 0 { return }
            if let end, MonotonicInstant.now() >= end {
                logger.warning("Stopped with uploads under way", [.uploadCount: .int(shell.machine.count)])
                return
            }
        }
    }
}

/// The uploader's thread: the state machine, the open deliveries, and how each action is done.
private struct UploadShell {
    var machine: UploadStateMachine
    let uploader: Uploader
    private var deliveries: [DeliveryToken: AMQPOpenDelivery] = [:]
    private var lastToken = 0

    init(machine: UploadStateMachine, uploader: Uploader) {
        self.machine = machine
        self.uploader = uploader
    }

    mutating func take(_ input: Uploader.Input) {
        switch input {
        case .event(let event): react(to: event)
        case .delivery(let recorded, let delivery):
            lastToken += 1
            deliveries[lastToken] = delivery
            react(to: .announced(recorded, lastToken))
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

    /// Does one action; gives its outcome if that is known at once.
    private mutating func perform(_ action: UploadStateMachine.Action) -> UploadStateMachine.Event? {
        let logger = uploader.logger
        switch action {
        case .prepare(let id): return .prepared(id, prepare(id))
        case .put(let segment): put(segment)
        case .check(let segment):
            let report = reporter
            uploader.store.check(segment) { report(.checked(segment.id, $0)) }
        case .hash(let segment): uploader.receiptWriter.add(.hash(segment))
        case .keep(let segment, let etag, let tries):
            logger.debug(
                "Uploaded",
                [.segmentID: .string(segment.id.description), .byteCount: .int(Int(segment.media.bytes))]
            )
            uploader.receiptWriter.add(.keep(segment, etag: etag, tries: tries))
        case .keepAgain(let receipt): uploader.receiptWriter.add(.keepAgain(receipt))
        case .discard(let id): uploader.receiptWriter.add(.discard(id))
        case .lookUp(let id): uploader.receiptWriter.add(.lookUp(id))
        case .publishRetry(let recorded, let pause): retry(recorded, pause)
        case .deadLetter(let id, let recorded, let failure, let tries): deadLetter(id, recorded, failure, tries)
        case .resolve(let token, let verdict): resolve(token, verdict)
        case .sweep: uploader.sweeper.wake()
        case .report(.away(let reason)):
            logger.warning("S3 is away; uploads wait", [.error: .string(reason)])
        case .report(.back):
            logger.info("S3 is back; uploads go on", [.uploadsWaiting: .int(machine.count)])
        case .report(.takesAgain(let count)):
            logger.info("S3 takes uploads again; what it refused is replayed", [.segmentCount: .int(count)])
        case .reportUnreadable(let id, let reason):
            logger.warning(
                "Segment cannot be read from the spool; tried again and again",
                [.segmentID: .string(id.description), .error: .string(reason)]
            )
        }
        return nil
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
        uploader.store.put(segment, file: uploader.spool.media(segment.id)) { report(.put(segment.id, $0)) }
    }

    private func retry(_ recorded: SegmentRecorded, _ pause: Duration) {
        let id = recorded.segment.id
        uploader.logger.info(
            "Refused; tried again later",
            [
                .segmentID: .string(id.description), .uploadAttempt: .int(recorded.attempt),
                .uploadPause: .string("\(pause)"),
            ]
        )
        let report = reporter
        do {
            let message = try recorded.retryMessage(after: recorded.attempt, pause: pause)
            uploader.publisher.publish(message, within: Uploader.publishLimit) {
                [crashPoints = uploader.crashPoints] outcome in
                crashPoints.reach(.afterRetry)
                report(.published(id, isConfirmed: outcome == .confirmed))
            }
        } catch {
            report(.published(id, isConfirmed: false))
        }
    }

    private func deadLetter(_ id: SegmentID, _ recorded: SegmentRecorded?, _ failure: Failure, _ tries: Int) {
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
