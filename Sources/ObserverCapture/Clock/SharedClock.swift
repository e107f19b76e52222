import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// The ``RecorderClock`` of this process, which all its threads share.
///
/// Looks at the machine's clock once a second; `LeaseService` tells what the database says. What is proven is kept in the spool,
/// for later processes of the same boot.
final class SharedClock: Service {
    private static let interval = Duration.seconds(1)

    let name = "clock"
    private let boot: String
    private let spool: Spool?
    private let logger: Logger
    private let read: @Sendable () -> SystemClock.Reading
    private let clock: Lock<RecorderClock>

    /// Creates a clock that knows what an earlier process of this boot has proven; `read` reads the machine's clock.
    convenience init(
        in spool: Spool,
        logger: Logger,
        read: @escaping @Sendable () -> SystemClock.Reading = SystemClock.read
    ) {
        let boot = SystemClock.bootID()
        let kept = try? spool.keptClock()
        let offset = kept.flatMap { $0.boot == boot && !boot.isEmpty ? $0.offset : nil }
        self.init(in: spool, boot: boot, kept: offset, logger: logger, read: read)
    }

    /// Creates a clock.
    ///
    /// - Parameters:
    ///   - spool: Keeps what is proven; nil keeps nothing.
    ///   - boot: The identity of the machine's boot.
    ///   - kept: The offset that is proven already, in microseconds; nil if none is.
    ///   - logger: Takes what changes.
    ///   - read: Reads the machine's clock.
    init(
        in spool: Spool?,
        boot: String,
        kept: Int64?,
        logger: Logger,
        read: @escaping @Sendable () -> SystemClock.Reading = SystemClock.read
    ) {
        (self.spool, self.boot, self.logger, self.read) = (spool, boot, logger, read)
        let now = read()
        clock = Lock(RecorderClock(wall: Timestamp(now), at: now.instant.microseconds, kept: kept))
    }

    // MARK: Time

    /// The present.
    func now() -> Timestamp { time(at: .now()) }

    /// The time of day of a moment since the machine booted.
    func time(at instant: MonotonicInstant) -> Timestamp { time(at: instant.microseconds) }

    /// The time of day of a moment, in microseconds since the machine booted.
    func time(at uptime: Int64) -> Timestamp { clock.withLock { $0.timeOfDay.wall(uptime) } }

    /// The present, for coverage.
    var moment: Moment {
        let time = clock.withLock { $0.timeOfDay }
        return Moment(MonotonicInstant.now().microseconds, time)
    }

    /// The moment as it is kept in drafts; nil where the machine does not tell one boot from another.
    func bootMoment(at uptime: Int64) -> BootMoment? {
        boot.isEmpty ? nil : BootMoment(boot: boot, uptime: uptime)
    }

    /// True while what is recorded may be announced at the time that it has now.
    var isCertain: Bool { clock.withLock { $0.isCertain } }

    /// The time as it is known now, for what earlier processes left in the spool.
    var spoolTime: SpoolTime {
        let (time, isCertain) = clock.withLock { ($0.timeOfDay, $0.isCertain) }
        return SpoolTime(boot: boot, timeOfDay: time, isCertain: isCertain)
    }

    /// The mark of changes that were decided under a time; nil if it is not provisional.
    func journalClock(_ time: TimeOfDay) -> JournalClock? {
        time.isProvisional ? JournalClock(boot: boot, offset: time.offset) : nil
    }

    /// Returns true if the machine's clock was wrong, or was set, within a stretch in microseconds since the boot.
    func wasWrong(from start: Int64, to end: Int64) -> Bool { clock.withLock { $0.wasWrong(from: start, to: end) } }

    /// A sentence on what is wrong with the machine's clock; nil if nothing is.
    var trouble: String? {
        let (error, isCertain) = clock.withLock { ($0.error, $0.isCertain) }
        guard let error else {
            return isCertain ? nil : "The time of day is not certain yet; until it is, recordings wait in the spool."
        }
        let seconds = Int64((error.magnitude + 500_000) / 1_000_000)
        let side = error > 0 ? "ahead" : "behind"
        return "The recorder's clock is \(seconds) s \(side) and not used; let it take the time from a server."
    }

    // MARK: Witnesses

    /// Takes note of the database's clock at some moment between two.
    func hear(_ wall: Timestamp, sent: MonotonicInstant, received: MonotonicInstant) {
        observe()
        update { $0.hear(wall, sent: sent.microseconds, received: received.microseconds) }
    }

    private func observe() {
        let isSynchronized = SystemClock.isSynchronized
        let now = read()
        update { $0.observe(Timestamp(now), isSynchronized: isSynchronized, at: now.instant.microseconds) }
    }

    private func update(_ body: (inout RecorderClock) -> Void) {
        let (before, after) = clock.withLock { clock in
            let before = clock
            body(&clock)
            return (before, clock)
        }
        let fields: [LogKey: LogValue] = [.clockErrorMilliseconds: .int(Int((after.error ?? 0) / 1000))]
        if after.isCertain != before.isCertain {
            if after.isCertain {
                logger.info("Time of day certain", fields)
            } else {
                logger.warning("Time of day uncertain; segments wait", fields)
            }
        }
        guard (after.error == nil) != (before.error == nil) else { return }
        if after.error == nil {
            logger.info("Machine's clock right again")
        } else {
            logger.warning("Machine's clock wrong and not used", fields)
        }
    }

    /// Watches the machine's clock until stopped.
    func run(until stop: StopSignal) {
        var kept: KeptClock?
        repeat {
            observe()
            keep(&kept)
        } while !stop.wait(for: Self.interval)
    }

    private func keep(_ kept: inout KeptClock?) {
        guard let spool, !boot.isEmpty, let offset = clock.withLock({ $0.proven }) else { return }
        let present = KeptClock(boot: boot, offset: offset)
        guard present != kept else { return }
        do throws(SpoolError) {
            // Another recorder may have the same spool.
            if try spool.keptClock() != present { try spool.keep(present) }
            kept = present
        } catch {
            logger.debug("Time of day not kept", [.error: LogValue(error)])
        }
    }
}

extension Timestamp {
    /// The time of day in a reading of both clocks.
    fileprivate init(_ reading: SystemClock.Reading) {
        self.init(microseconds: reading.wall.microseconds)
    }
}

extension MonotonicInstant {
    /// Microseconds since the machine booted.
    var microseconds: Int64 { nanoseconds / 1000 }
}
