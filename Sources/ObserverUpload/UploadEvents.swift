package import ObserverCore
package import ObserverMessages
package import Spool

/// The number under which the shell keeps an open delivery of the broker.
package typealias DeliveryToken = Int

/// The input and output of the state machine.
extension UploadStateMachine {
    package struct Limits: Sendable {
        /// Uploads under way at the same time, at most.
        package var parallel = 8
        /// Pauses after the first and the second refusal.
        package var retryPauses: [Duration] = [.seconds(5), .seconds(30)]
        /// A delivery held longer is acknowledged: brokers close channels that hold one for 30 min, and the spool remembers.
        package var holdLimit: Duration = .seconds(600)
        /// The wait before a dead-lettered segment is tried again; doubles with each cycle.
        package var firstReplay: Duration = .seconds(600)
        /// The longest of these waits.
        package var lastReplay: Duration = .seconds(6 * 3600)
        /// Segments that the sweep brings into memory, at most.
        package var mostJobs = 5000

        package init(parallel: Int = 8) {
            self.parallel = parallel
        }
    }

    package enum Event: Sendable {
        /// A message arrived.
        case received(SegmentRecorded, DeliveryToken)
        /// The sweep found segments that are ready.
        case found([SegmentID])
        case prepared(SegmentID, Preparation)
        case putFinished(SegmentID, PutOutcome)
        case headFinished(SegmentID, HeadOutcome)
        /// The file was hashed again.
        case hashed(SegmentID, HashOutcome)
        /// Receipt written, row written if the database is there, file deleted; with a problem, none of them.
        case receiptWritten(SegmentID, problem: String?)
        case rowFound(SegmentID, RowOutcome)
        /// The message for a retry queue or the dead-letter queue was confirmed, or was not.
        case published(SegmentID, isConfirmed: Bool)
        /// Time passed.
        case tick
        /// Nothing more is begun.
        case stop
    }

    package enum Action: Hashable, Sendable {
        case prepare(SegmentID)
        case put(Segment)
        /// Compare the object under the segment's key with the segment.
        case head(Segment)
        case hash(Segment)
        /// The segment is in S3: write the receipt and the row, delete the file.
        case writeReceipt(Segment, etag: String?, tries: Int)
        /// The same for a receipt that exists already.
        case completeReceipt(Receipt)
        /// Delete the remains of a segment whose row says that it is stored.
        case discard(SegmentID)
        case findRow(SegmentID)
        case publishRetry(SegmentRecorded, pause: Duration)
        /// Row, one error line, dead-letter queue. The file stays.
        case deadLetter(SegmentID, SegmentRecorded?, Failure, tries: Int)
        case resolve(DeliveryToken, Verdict)
        /// Sweep the spool now.
        case sweep
        /// Log that S3 went or came back.
        case report(StoreHealth)
        /// Log that the disk does not deliver a file; it is tried again.
        case reportUnreadable(SegmentID, String)
    }

    package enum Verdict: Hashable, Sendable { case acknowledge, requeue, reject }

    package enum StoreHealth: Hashable, Sendable {
        case unavailable(String)
        case available
        /// It accepts again what it had refused; so many dead-lettered segments are replayed now.
        case accepting(Int)
    }
}

/// The reason why a request to S3 brought no answer that decides anything; it never uses up a try.
package enum Trouble: String, Hashable, Sendable {
    /// No connection, or it broke.
    case connection
    /// No answer in time.
    case timeout
    /// S3 asks for fewer requests (503 SlowDown, 429).
    case throttled
    /// 5xx.
    case server
}

/// The outcome of a PUT, as far as decisions need it.
package enum PutOutcome: Hashable, Sendable {
    /// The object is in the store, which has compared the hash.
    case stored(etag: String?)
    /// There is an object under this key already (412).
    case exists
    /// The received bytes do not have the announced hash.
    case digestMismatch
    /// The disk did not deliver the file.
    case unreadable(String)
    /// An answer that stays the same unless somebody acts (400, 403, 404).
    case refused(String)
    /// No answer that decides anything.
    case trouble(Trouble, String)
}

/// The outcome of a HEAD: a comparison of the object under a key with its segment.
package enum HeadOutcome: Hashable, Sendable {
    /// The same bytes: an earlier PUT whose answer was lost.
    case same(etag: String?)
    case different
    case refused(String)
    /// No answer that decides anything.
    case trouble(Trouble, String)
}

/// The state of a segment in the spool.
package enum Preparation: Hashable, Sendable {
    /// Sidecar and media, of the right size.
    case ready(Segment)
    /// Uploaded before; the row has to be written and the file deleted.
    case uploaded(Receipt)
    /// Neither media nor receipt.
    case missing
    /// The files are not as their sidecar describes them.
    case corrupt(String)
    /// The disk does not deliver them, which says nothing about what is on it.
    case unreadable(String)
}

/// The outcome of hashing a file again.
package enum HashOutcome: Hashable, Sendable {
    /// The file is as its sidecar describes it.
    case intact
    case different
    /// The disk does not deliver the file.
    case unreadable(String)
}

/// The state of a segment in the database.
package enum RowOutcome: Hashable, Sendable {
    /// Nil if there is no row.
    case known(SegmentState?)
    /// The database did not answer.
    case unavailable
}

/// The reason why a segment is dead-lettered or lost.
package struct Failure: Hashable, Sendable {
    /// Kinds of failure, as they appear in logs and in the dead-letter queue.
    package enum Kind: String, Sendable {
        case refused, corrupt, missing
    }

    package let kind: Kind
    /// One sentence for people; no secret.
    package let detail: String
}
