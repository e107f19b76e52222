import Logging
import ObserverCore
import ObserverMessages

/// The log lines of the uploader's decisions.
struct UploadLog {
    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// Logs a change, once for as long as it lasts.
    ///
    /// - Parameters:
    ///   - report: The change.
    ///   - waiting: The segments in memory that are not done.
    func write(_ report: UploadStateMachine.Report, waiting: Int) {
        let waiting: [LogKey: LogValue] = [.uploadsWaiting: .int(waiting)]
        switch report {
        case .storeUnavailable(let reason, let destination):
            logger.warning("S3 unavailable; uploads wait", [.error: .string(reason), .destination: word(destination)])
        case .storeAvailable(let destination):
            logger.info("S3 available; uploads resume", waiting.merging([.destination: word(destination)]) { $1 })
        case .storeRefuses(let reason, let destination):
            logger.warning(
                "S3 refuses all uploads; they wait",
                [.error: .string(reason), .destination: word(destination)]
            )
        case .storeAccepts(let count, let destination):
            logger.info(
                "S3 accepts uploads again; replaying",
                [.segmentCount: .int(count), .destination: word(destination)]
            )
        case .passedOver(let destination):
            logger.warning("Destination passed over; next one used", [.destination: word(destination)])
        case .returned(let destination):
            logger.info("Destination works; used again", [.destination: word(destination)])
        case .databaseUnavailable(let reason):
            logger.warning("Database unavailable; rows follow later", [.error: .string(reason)])
        case .databaseAvailable:
            logger.info("Database accepts rows again")
        case .receiptsRefused(let reason):
            logger.error("Receipts not written; stored files kept", [.error: .string(reason)])
        case .deletionRefused(let id, let reason):
            logger.error(
                "Stored file not deleted; will retry",
                [.segmentID: .string("\(id)"), .error: .string(reason)]
            )
        case .deletionPossible:
            logger.info("Stored files deleted")
        case .unreadable(let id, let reason):
            logger.warning(
                "Segment unreadable; will retry",
                [.segmentID: .string("\(id)"), .error: .string(reason)]
            )
        case .unknown(let id):
            logger.warning("Announced segment unknown; ignored", [.segmentID: .string("\(id)")])
        case .absent(let id):
            logger.warning("Segment missing; looking again in 1 h", [.segmentID: .string("\(id)")])
        }
    }

    private func word(_ destination: Destination) -> LogValue { .string(destination.word) }

    /// Logs a refused try.
    func retry(_ recorded: SegmentRecorded, after pause: Duration) {
        logger.info(
            "Upload refused; will retry",
            [
                .segmentID: .string("\(recorded.segment.id)"), .uploadAttempt: .int(recorded.attempt),
                .uploadPause: .string("\(pause)"),
            ]
        )
    }

    /// Logs a dead-lettered segment.
    func failure(_ upload: UploadStateMachine.DeadUpload) {
        var fields: [LogKey: LogValue] = [
            .segmentID: .string("\(upload.id)"), .uploadTries: .int(upload.tries), .uploadCycle: .int(upload.cycle),
            .reason: .string(upload.failure.kind.rawValue), .error: .string(upload.failure.detail),
        ]
        if let segment = upload.segment { fields[.cameraID] = .int(Int(segment.header.cameraID.rawValue)) }
        switch upload.failure.kind {
        case .missing: logger.error("Segment lost", fields)
        case .refused, .corrupt: logger.error("Upload failed; file kept", fields)
        }
    }
}
