import AMQP
import Logging
import ObserverCore
import ObserverMessages
import System

/// Announces committed segments: to the uploader, and for their rows.
///
/// Messages that the broker did not confirm are published again every few seconds. If there are too many of them, or the
/// process ends, nothing is lost: the uploader sweeps the spool.
final class SegmentPublisher: Sendable {
    private static let limit = 5000

    private let publisher: AMQPConfirmedPublisher
    private let statusWriter: StatusWriter
    private let logger: Logger
    private let pending = Lock<[SegmentID: Segment]>([:])

    init(_ publisher: AMQPConfirmedPublisher, statusWriter: StatusWriter, logger: Logger) {
        self.publisher = publisher
        self.statusWriter = statusWriter
        self.logger = logger
    }

    /// Announces a segment; returns at once.
    func announce(_ segment: Segment) {
        publish(segment)
        statusWriter.add(segment)
    }

    private func publish(_ segment: Segment) {
        do throws(MessageError) {
            let message = try SegmentRecorded(segment: segment).message()
            publisher.publish(message, within: .seconds(10)) { [self] outcome in
                guard outcome != .confirmed else { return }
                pending.withLock { pending in
                    if pending.count < Self.limit { pending[segment.id] = segment }
                }
            }
        } catch {
            logger.error("Segment not announced", [.error: LogValue(error)])
        }
    }

    /// Publishes again what was not confirmed, if the broker is connected.
    func retry() {
        guard publisher.isConnected else { return }
        let again = pending.withLock { pending in
            let some = pending.values.prefix(256).map { $0 }
            for segment in some { pending[segment.id] = nil }
            return some
        }
        for segment in again { publish(segment) }
    }
}
