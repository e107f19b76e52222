package import AMQP
package import ObserverCore

/// "Look for failed uploads that are to be tried anew": sent after somebody asked for that.
///
/// The body is for people who watch the queue: the rows say which ones. If it is lost, the uploader finds them with its next
/// report.
package enum UploadRetryAsked {
    private static let type = "upload.retry"

    /// Creates the message to the uploader of a spool.
    package static func message(spool: SpoolID) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.uploadExchange,
            routingKey: Broker.uploadKey(spool: spool),
            body: Array(#"{"v":1,"wish":"retry"}"#.utf8),
            headers: ["type": .string(type)]
        )
    }

    /// Returns true if a message in the queue of a spool is this one.
    package static func isMessage(_ message: AMQPMessage) -> Bool {
        message.headers["type"] == .string(type)
    }
}
