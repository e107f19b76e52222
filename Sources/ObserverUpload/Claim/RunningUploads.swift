import Lifecycle
import Logging
import ObserverCore
import ObserverStore
import Spool
import System

/// The services that upload, while the spool is claimed, and what is told of them.
final class RunningUploads: Sendable {
    private struct Figures {
        var rate = StoredRate()
        var forecast = SpoolForecast()
        /// Of the segments that were looked at last.
        var meanBytes: Double = 0
        var meanMilliseconds: Double = 0
    }

    let report: @Sendable (UploadStateMachine.Event) -> Void
    private let meter: UploadMeter
    private let stop = StopSignal()
    private let code = Monitor<Int32?>(nil)
    private let figures = Lock(Figures())

    /// Starts the services; `onEnd` is called when they have ended.
    init(_ composed: ComposedUploads, logger: Logger, onEnd: @escaping @Sendable () -> Void) {
        meter = composed.meter
        report = composed.report
        let stages = composed.stages
        DedicatedThread.start(name: "uploads") { [stop, code] in
            let result = ServiceGroup(logger: logger, stages: stages).run(until: stop)
            code.withLock { $0 = result }
            onEnd()
        }
    }

    /// True when the services have ended.
    var hasEnded: Bool { code.withLockUnnoticed { $0 != nil } }

    /// Stops the services and waits for them.
    ///
    /// - Returns: False if one of them had failed, or did not end.
    func end() -> Bool {
        stop.stop()
        return code.take(until: .now() + ClaimService.shutdownLimit) { $0 } == 0
    }

    /// Returns what the database is told; called by one thread, every few seconds.
    func report(of spool: Spool, now: MonotonicInstant) -> UploaderReport {
        let standing = meter.latest
        // A disk that does not answer has no room that is known.
        let free = (try? spool.space().freeBytes) ?? 0
        return figures.withLock { figures in
            figures.rate.add(stored: standing.storedBytes, now: now)
            figures.forecast.add(free: free, now: now)
            let sums = Self.backlog(standing.parts, in: spool, &figures)
            var report = UploaderReport(
                backlogFiles: Int64(standing.count),
                backlogBytes: sums.bytes,
                backlogMilliseconds: sums.milliseconds,
                oldestAt: standing.oldest.map { Timestamp(milliseconds: $0.milliseconds) },
                store: standing.store,
                storeDetail: standing.storeDetail,
                rate: figures.rate.bytesPerSecond,
                freeBytes: free,
                secondsUntilFull: figures.forecast.secondsUntilFull
            )
            report.others = standing.others
            report.passedOver = standing.passedOver
            return report
        }
    }

    /// Bytes and length of what waits: exact while there is little, else from a sample of each part.
    private static func backlog(
        _ parts: [UploadStanding.Part],
        in spool: Spool,
        _ figures: inout Figures
    ) -> (bytes: Int64, milliseconds: Int64) {
        var (bytes, milliseconds) = (0.0, 0.0)
        for part in parts where part.count > 0 {
            // One that cannot be read, or has just gone, counts as the mean of the others.
            let found = part.sample.compactMap { try? spool.segment($0) }
            if !found.isEmpty {
                let count = Double(found.count)
                figures.meanBytes = found.reduce(0) { $0 + Double($1.media.bytes) } / count
                figures.meanMilliseconds = found.reduce(0) { $0 + Double($1.end.durationMilliseconds) } / count
            }
            bytes += Double(part.count) * figures.meanBytes
            milliseconds += Double(part.count) * figures.meanMilliseconds
        }
        return (Int64(bytes), Int64(milliseconds))
    }
}
