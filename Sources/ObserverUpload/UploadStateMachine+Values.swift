package import ObserverCore
package import ObserverMessages
package import Spool

/// Which delivery of the broker; the shell knows the delivery itself.
package typealias DeliveryToken = Int

/// What goes into the state machine and what comes out of it.
extension UploadStateMachine {
    package struct Limits: Sendable {
        /// Most uploads under way.
        package var parallel = 8
        /// Pauses after the first and the second refusal.
        package var retryPauses: [Duration] = [.seconds(5), .seconds(30)]
        /// A delivery held longer is acknowledged: brokers close channels that hold one for 30 min, and the spool remembers.
        package var holdLimit: Duration = .seconds(600)
        /// When a dead-lettered segment is tried again: this, doubled with each cycle.
        package var firstReplay: Duration = .seconds(600)
        /// The longest of these waits.
        package var lastReplay: Duration = .seconds(6 * 3600)

        /// Most segments that the sweep brings into memory.
        package var mostJobs = 5000

        package init(parallel: Int = 8) {
            self.parallel = parallel
        }
    }

    package enum Event: Sendable {
        /// A message came.
        case announced(SegmentRecorded, DeliveryToken)
        /// The sweep found segments that are ready.
        case found([SegmentID])
        case prepared(SegmentID, Preparation)
        case put(SegmentID, PutOutcome)
        case checked(SegmentID, CheckOutcome)
        /// The file was hashed anew.
        case hashed(SegmentID, HashOutcome)
        /// Receipt written, row posted (if the database is there), file deleted; or not, and why.
        case kept(SegmentID, problem: String?)
        case lookedUp(SegmentID, RowOutcome)
        /// The message for a retry queue or the dead queue is confirmed, or not.
        case published(SegmentID, isConfirmed: Bool)
        /// Time passes.
        case tick
        /// Nothing more is begun.
        case stop
    }

    package enum Action: Hashable, Sendable {
        case prepare(SegmentID)
        case put(Segment)
        case check(Segment)
        case hash(Segment)
        /// It is in S3: write the receipt, post the row, delete the file.
        case keep(Segment, etag: String?, tries: Int)
        /// The same for a receipt that exists already.
        case keepAgain(Receipt)
        /// Delete what is left of a segment that the database knows as stored.
        case discard(SegmentID)
        case lookUp(SegmentID)
        case publishRetry(SegmentRecorded, pause: Duration)
        /// Row, one ERROR line, dead queue. The file stays.
        case deadLetter(SegmentID, SegmentRecorded?, Failure, tries: Int)
        case resolve(DeliveryToken, Verdict)
        /// Look through the spool at once.
        case sweep
        /// Tell people: S3 is away, or back.
        case report(StoreHealth)
        /// Tell people: the disk does not give a file, which is tried again and again.
        case reportUnreadable(SegmentID, String)
    }

    package enum Verdict: Hashable, Sendable { case acknowledge, requeue, reject }

    package enum StoreHealth: Hashable, Sendable {
        case away(String), back
        /// It takes again what it had refused; so many dead-lettered segments go at once.
        case takesAgain(Int)
    }
}
