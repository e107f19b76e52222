import Spool
import System

/// How far the receipt log has been compared with the database.
///
/// All of it at the start and now and then, what was added while the database was unavailable, and then all of it once more:
/// the database may have been restored to an earlier state. What is under way is always carried on to the end first, so that a database
/// that comes and goes gets every row.
struct ReceiptReplay: Sendable {
    private(set) var position = ReceiptLog.Position.beginning
    private(set) var isUnderWay = false
    private var isWanted = true
    /// Receipts were added since the page under way was read, perhaps.
    private var hasMore = false
    private var mustRewind = false
    /// When all of it is compared once more, whatever happens.
    private var due: MonotonicInstant?

    /// Begins with the page behind the position.
    mutating func begin(_ now: MonotonicInstant) {
        if !isWanted, isDue(now) {
            position = .beginning
            // The pages behind it follow.
            isWanted = true
        }
        isUnderWay = true
        hasMore = false
    }

    /// Takes note that there was an answer about the page.
    mutating func finish() { isUnderWay = false }

    func isDue(_ now: MonotonicInstant) -> Bool { isWanted || (due.map { now >= $0 } ?? false) }

    /// Asks for the receipts that were added.
    mutating func askForNew() {
        isWanted = true
        hasMore = true
    }

    /// Asks for all receipts.
    mutating func askForAll() {
        isWanted = true
        mustRewind = mustRewind || position > .beginning
    }

    /// Takes note that all receipts before a place were compared.
    mutating func advance(to place: ReceiptLog.Position) { position = max(position, place) }

    /// Takes note of the end of the log; returns true unless it begins anew.
    mutating func reachEnd(next: MonotonicInstant) -> Bool {
        due = next
        isWanted = mustRewind || hasMore
        guard mustRewind else { return true }
        mustRewind = false
        position = .beginning
        return false
    }

    /// Leaves the log alone until a moment.
    mutating func rest(until next: MonotonicInstant) {
        due = next
        isWanted = hasMore
    }
}
