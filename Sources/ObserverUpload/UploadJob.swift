import Lifecycle
import ObserverMessages
import ObserverCore
import System

/// A segment between its arrival and the verdict about its delivery.
struct UploadJob: Sendable {
    enum Step: Hashable, Sendable {
        case waiting, preparing, putting, comparing, hashing, restoring, findingRow, settling, publishing, deadLettering
        /// Of a segment that cannot be deleted: perhaps it is stored already.
        case askingRow

        /// True while the step counts as an upload under way.
        var isTransfer: Bool {
            switch self {
            case .preparing, .askingRow, .putting, .comparing, .hashing: true
            case .waiting, .restoring, .findingRow, .settling, .publishing, .deadLettering: false
            }
        }
    }

    var step: Step = .waiting
    /// Where it is sent, or was sent last.
    var destination = Destination.home
    /// Those that have it, by their word in this process.
    var held: DestinationSet = []
    /// The object in the first of these.
    var object: StoredObject?
    /// Those in which it was looked for since its file was found to be gone.
    var looked: DestinationSet = []
    /// One of these has something else under its key.
    var hasOther = false
    /// One of these did not say whether it has it.
    var isUncertain = false
    /// When it was begun last.
    var begun: MonotonicInstant
    /// As the message described it, which nothing but a dead letter believes.
    var announced: Segment?
    /// As its sidecar or its row describes it.
    var segment: Segment?
    /// True if its media were not in the spool when it was looked for last.
    var isMissing = false
    /// True if its row says that they are missing, as far as this process knows.
    var isMissingNoted = false
    /// The reason why its sidecar is to be restored from its row.
    var sidecarProblem: String?
    var attempt: Int
    var cycle: Int
    var delivery: DeliveryToken?
    let since: MonotonicInstant
    var troubles = 0
    var lastTrouble: Trouble?
    var waits = Backoff(first: .milliseconds(500), limit: .seconds(20))
    var diskTroubles = 0
    var diskWaits = Backoff(first: .seconds(1), limit: .seconds(60), jitter: 0.5)
    var failure: Failure.Kind?

    init(
        announced: Segment? = nil,
        attempt: Int,
        cycle: Int,
        delivery: DeliveryToken? = nil,
        since: MonotonicInstant
    ) {
        (self.announced, self.attempt, self.cycle) = (announced, attempt, cycle)
        (self.delivery, self.since, begun) = (delivery, since, since)
    }
}

/// A try that waits in a retry queue, or a cycle that waits for its time.
struct DeferredUpload: Sendable {
    var until: MonotonicInstant
    var attempt: Int
    var cycle: Int
    /// Dead-lettered because S3 refused it.
    var isRefused = false
    /// Its time was brought forward.
    var isEarly = false
    /// Those that have it already, and the object in the first of them.
    var held: DestinationSet = []
    var object: StoredObject?
}
