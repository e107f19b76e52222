import AMQP
import System
import Logging
import ObserverCore
import ObserverMessages

/// Reads deliveries for the uploader; one that cannot be read is dead-lettered as it is.
struct UploadIntake: Sendable {
    let spool: SpoolID
    let inputs: BlockingQueue<Uploader.Input>
    let publisher: AMQPConfirmedPublisher
    /// Looks now for failed uploads that are to be tried anew.
    let wake: @Sendable () -> Void
    let logger: Logger

    func receive(_ open: AMQPOpenDelivery) {
        let body = open.delivery.message.body
        if UploadRetryAsked.isMessage(open.delivery.message) {
            wake()
            return open.acknowledge()
        }
        do throws(MessageError) {
            let recorded = try SegmentRecorded(body: body)
            guard recorded.segment.header.origin.spoolID == spool else {
                throw MessageError(.invalid, "the segment is of spool \(recorded.segment.header.origin.spoolID)")
            }
            if !inputs.push(.delivery(recorded, open)) { open.requeue() }
        } catch {
            logger.error("Message dead-lettered", [.error: .string(error.description), .byteCount: .int(body.count)])
            let id = open.delivery.message.messageID
            let letter = DeadLetter.message(.malformed, error: error.description, body: body, messageID: id)
            publisher.publish(letter, within: Uploader.publishLimit) { outcome in
                // Without a confirm the broker dead-letters it itself.
                if outcome == .confirmed { open.acknowledge() } else { open.reject() }
            }
        }
    }
}
