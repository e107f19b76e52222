import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// Writes gaps to the journal, on a thread of its own, because a disk may take its time.
///
/// A disk that refuses is tried again every few seconds; recording and sending go on meanwhile.
final class JournalWriter: Service {
    private static let retryInterval = Duration.seconds(5)
    /// The time for the last changes when the process ends: a little longer than the one for sending them.
    private static let lastTime = Duration.milliseconds(5200)

    let name = "journal"
    private let journal: GapJournal
    private let logger: Logger
    private let wakeUps = Monitor(0)

    init(_ journal: GapJournal, logger: Logger) {
        self.journal = journal
        self.logger = logger
    }

    /// Takes changes; `clock` is the time under which they were decided, if that is provisional.
    func take(_ changes: [GapChange], clock: JournalClock?) {
        let dropped = journal.append(changes, clock: clock)
        if dropped > 0 { logger.error("Journal full; oldest gaps dropped", [.gapCount: .int(dropped)]) }
        wakeUps.withLock { $0 += 1 }
    }

    /// Writes until stopped, then what is left.
    func run(until stop: StopSignal) {
        stop.onStop { [wakeUps] in wakeUps.withLock { $0 += 1 } }
        var seen = 0
        var isFailing = false
        while true {
            do throws(SpoolError) {
                try journal.flush()
                if isFailing { logger.info("Journal written again") }
                isFailing = false
            } catch {
                if !isFailing { logger.error("Journal not written; gaps kept in memory", [.error: LogValue(error)]) }
                isFailing = true
            }
            if stop.isStopped { break }
            let wait = isFailing ? Self.retryInterval : .seconds(3600)
            seen = wakeUps.take(until: .now() + wait) { [seen] in $0 != seen ? $0 : nil } ?? seen
        }
        // Writers may still tell of the last fragments, and the database may still take some.
        let end = MonotonicInstant.now() + Self.lastTime
        while MonotonicInstant.now() < end, !journal.isEmpty {
            if journal.hasUnwritten { try? journal.flush() }
            _ = wakeUps.wait(until: .now() + .milliseconds(50)) { _ in false }
        }
        try? journal.flush()
    }
}
