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
        /// Segments that are looked at, at most; the others wait in the backlog.
        package var mostJobs = 5000
        /// The destinations, home first.
        package var destinations: [Destination] = [.home]
        /// The number of destinations that must have a segment.
        package var copies = 1
        /// The time for which a destination may take nothing before the next one takes its place.
        package var fallbackTime: Duration = .seconds(60)
        /// The number that all jitter follows from.
        package var seed = UInt64.random(in: .min ... .max)

        package init(parallel: Int = 8) {
            self.parallel = parallel
        }
    }

    package enum Event: Sendable {
        /// A message arrived.
        case received(SegmentRecorded, DeliveryToken)
        /// Segments were seen in the spool.
        case found([SegmentID])
        case prepared(SegmentID, Preparation)
        case putFinished(SegmentID, PutOutcome)
        case headFinished(SegmentID, HeadOutcome)
        /// The file was hashed again.
        case hashed(SegmentID, HashOutcome)
        case rowFound(SegmentID, RowOutcome)
        case rowsWritten(RowsOutcome)
        /// The receipts that were to be durable are; with a problem, none of them.
        case receiptsAppended(problem: String?)
        /// Receipts of stored segments were added that the disk had not taken at first.
        case receiptsNoted
        /// Files were deleted, except for those with a problem.
        case deleted([SegmentID], problems: [SegmentID: String])
        case receiptsReplayed(ReplayOutcome)
        /// Somebody wants failed segments to be tried anew.
        case retryAsked([SegmentID])
        /// There is a new connection to the database, which may have been restored to an earlier state meanwhile.
        case databaseReconnected
        /// The message for a retry queue or the dead-letter queue was confirmed, or was not.
        case published(SegmentID, isConfirmed: Bool)
        /// So many bytes have been sent since the start.
        case sent(Int64)
        /// Time passed.
        case tick
        /// Nothing more is begun.
        case stop
    }

    package enum Action: Hashable, Sendable {
        case prepare(SegmentID)
        case put(Segment, to: Destination = .home)
        /// Compare the object under the segment's key with the segment.
        case compare(Segment, at: Destination = .home)
        case head(Segment, at: Destination = .home)
        case hash(Segment)
        /// Hash the file, and write this sidecar if it fits.
        case restoreSidecar(Segment)
        case findRow(SegmentID)
        /// Write rows `stored`.
        case writeRows([Receipt])
        /// Append to the receipt log; what is a proof must be durable, and is answered.
        case appendReceipts([Receipt], isProof: Bool)
        /// Delete the files of segments that are proven to be stored.
        case delete([SegmentID])
        /// Delete the sidecar of a segment without media.
        case discard(SegmentID)
        /// Compare some receipts from here on with the database, and write the rows that it lacks.
        case replayReceipts(from: ReceiptLog.Position)
        /// Remove old receipts before a place.
        case removeReceipts(before: ReceiptLog.Position)
        case publishRetry(SegmentRecorded, pause: Duration)
        /// The file of a failed segment is gone: its row says so.
        case noteMissing(Segment)
        /// Row, one error line, dead-letter queue. The file stays.
        case deadLetter(DeadUpload)
        case resolve(DeliveryToken, Verdict)
        /// Look for more segments in the spool now.
        case sweep
        case report(Report)
    }

    package enum Verdict: Hashable, Sendable { case acknowledge, requeue, reject }

    /// A segment that is dead-lettered.
    package struct DeadUpload: Hashable, Sendable {
        package let id: SegmentID
        /// As its sidecar or row describes it; nil while that is unknown, and then no row changes.
        package let segment: Segment?
        /// As its message described it, for the dead letter alone.
        package let announced: Segment?
        package let failure: Failure
        package let tries: Int
        package let cycle: Int
    }

    /// A change that people want to read about, once.
    package enum Report: Hashable, Sendable {
        case storeUnavailable(String, at: Destination = .home)
        case storeAvailable(at: Destination = .home)
        /// S3 refuses every segment; all but one wait.
        case storeRefuses(String, at: Destination = .home)
        /// It accepts again what it had refused; so many dead-lettered segments are replayed now.
        case storeAccepts(Int, at: Destination = .home)
        /// A destination has taken nothing for a while; the next one takes its place.
        case passedOver(Destination)
        /// It takes segments again, and has its place back.
        case returned(Destination)
        case databaseUnavailable(String)
        case databaseAvailable
        /// The disk takes no receipts while the database takes no rows: stored files stay.
        case receiptsRefused(String)
        /// The disk does not let stored files be deleted.
        case deletionRefused(SegmentID, String)
        case deletionPossible
        /// The disk does not deliver a file; it is tried again.
        case unreadable(SegmentID, String)
        /// A message of a segment that neither the spool nor the database knows.
        case unknown(SegmentID)
        /// Neither in the spool nor in S3; looked for once more before it is called lost.
        case absent(SegmentID)
    }
}
