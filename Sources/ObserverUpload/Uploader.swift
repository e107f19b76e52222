import System
import AMQP
import Glibc
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import Spool

/// Runs the state machine on one thread and carries out its actions.
final class Uploader: Service {
    enum Input: Sendable {
        case event(UploadStateMachine.Event)
        case delivery(SegmentRecorded, AMQPOpenDelivery)
    }

    /// The time within which a retry or a dead letter must be confirmed.
    static let publishLimit: Duration = .seconds(5)

    private static let tick: Duration = .milliseconds(100)
    /// The time between two notes about what waits.
    private static let meterInterval: Duration = .seconds(2)
    /// The time that uploads under way have to finish after the stop.
    private static let drainLimit: Duration = .seconds(15)

    let name = "uploader"
    let inputs: BlockingQueue<Input>
    let spool: Spool
    private let stores: DestinationStores
    private let sentBytes: @Sendable () -> Int64
    let publisher: AMQPConfirmedPublisher
    let rowWriter: RowWriter
    let spoolWriter: SpoolWriter
    let sweeper: SpoolSweeper
    let meter: UploadMeter
    let crashPoints: CrashPoints
    let logger: Logger
    private let limits: UploadStateMachine.Limits

    init(
        limits: UploadStateMachine.Limits,
        inputs: BlockingQueue<Input>,
        spool: Spool,
        stores: DestinationStores,
        sentBytes: @escaping @Sendable () -> Int64,
        publisher: AMQPConfirmedPublisher,
        rowWriter: RowWriter,
        spoolWriter: SpoolWriter,
        sweeper: SpoolSweeper,
        meter: UploadMeter,
        crashPoints: CrashPoints,
        logger: Logger
    ) {
        self.limits = limits
        self.inputs = inputs
        self.spool = spool
        self.stores = stores
        self.sentBytes = sentBytes
        self.publisher = publisher
        self.rowWriter = rowWriter
        self.spoolWriter = spoolWriter
        self.sweeper = sweeper
        self.meter = meter
        self.crashPoints = crashPoints
        self.logger = logger
    }

    func store(at destination: Destination) -> S3SegmentStore { stores.store(at: destination) }

    /// Works until stopped and idle, or until the drain limit after the stop.
    func run(until stop: StopSignal) {
        var shell = UploadShell(machine: UploadStateMachine(limits: limits), uploader: self)
        var end: MonotonicInstant?
        var nextTick = MonotonicInstant.now()
        var nextNote = MonotonicInstant.now()
        while true {
            if let input = inputs.pop(within: Self.tick) { shell.receive(input) }
            // A tick looks at every known segment, so it must not come with every event.
            if MonotonicInstant.now() >= nextTick {
                shell.react(to: .sent(sentBytes()))
                shell.react(to: .tick)
                nextTick = MonotonicInstant.now() + Self.tick
            }
            if nextNote.hasPassed {
                meter.note(shell.standing)
                nextNote = MonotonicInstant.now() + Self.meterInterval
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
