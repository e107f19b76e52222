import System

extension Lease {
    /// The times of ownership.
    struct Times: Hashable, Sendable {
        /// Between two heartbeats.
        var beat = Duration.seconds(2)
        /// Between two rounds, which see the others' heartbeats.
        var look = Duration.seconds(1)
        /// The time of a round, connecting included.
        var deadline = Duration.seconds(1)
        /// The right to write after a heartbeat was sent; shorter than ``silence``.
        var validity = Duration.seconds(7)
        /// The time for which a heartbeat stands still before its recorder is fenced.
        var silence = Duration.seconds(10)
        /// A longer time between two rounds is a pause of this recorder's own, in which anything may have happened.
        var pause = Duration.seconds(4)
        /// The longest break after which the broker's silence says that nobody was fenced: messages wait for a minute.
        var witness = Duration.seconds(50)
        /// The time after which orphans are claimed beyond a fair share.
        var patience = Duration.seconds(3)
        /// Between two cameras that are handed over to even the shares.
        var rebalance = Duration.seconds(1)
        /// The longest time for which a recorder goes on with a camera that it has handed over.
        var handOver = Duration.seconds(10)
        /// The time for which a recorder of the same name is watched before its name is taken.
        var watch = Duration.seconds(5)
        /// The time without a database after which a start records by the plan in the spool.
        var startAlone = Duration.seconds(5)
    }

    /// The row of a recorder.
    struct Peer: Hashable, Sendable {
        var name: String
        var incarnation: Int64
        var heartbeat: Int64
        var isFenced = false
        /// It is ending in order and gives its cameras up, to be taken at once.
        var isDraining = false
        /// It ended in order, and has no cameras: there is nothing to fence.
        var hasStopped = false
    }

    /// The answer of the database in a round.
    struct Round: Sendable {
        /// False when this recorder was fenced, or another has been registered under its name.
        var isCurrent: Bool
        /// True if the heartbeat was raised.
        var hasBeaten: Bool
        /// The rows of all recorders.
        var peers: [Peer]
        /// The number of all cameras.
        var cameras: Int
        /// The cameras of each recorder that keeps them: those of one that is fenced or draining are orphans.
        var held: [String: Int]
    }

    /// The shares by the last round.
    struct World: Sendable {
        var cameras: Int
        var held: [String: Int]
    }
}
