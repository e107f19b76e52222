package import AMQP

/// Messages that cannot be handled for the time being, with the reason; read by people and by the retry endpoints.
package enum DeadLetter {
    /// Reasons for dead-lettering a message.
    package enum Reason: String, Sendable, CaseIterable {
        /// S3 refused the segment three times.
        case refused
        /// The body could not be read.
        case malformed
        /// The file is neither in the spool nor in S3.
        case missing
        /// The file is not what its sidecar says.
        case corrupt
    }

    /// Creates the message for the dead queue: the body unchanged, reason and error as headers.
    package static func message(
        _ reason: Reason,
        error: String,
        body: [UInt8],
        messageID: String? = nil
    ) -> AMQPMessage {
        AMQPMessage(
            exchange: Broker.deadExchange,
            routingKey: Broker.deadUploadKey,
            body: body,
            messageID: messageID,
            headers: ["reason": .string(reason.rawValue), "error": .string(String(error.prefix(500)))]
        )
    }
}
