import System
import CRabbitMQ
import Glibc

/// Something the broker sent without being asked.
enum BrokerEvent {
    case confirmed(tag: UInt64, isMultiple: Bool)
    case refused(tag: UInt64, isMultiple: Bool)
    /// A message no queue wanted; `correlation` is what its publisher wrote into `correlation-id`.
    case returned(correlation: String)
    case delivery(AMQPDelivery)
    /// The broker has an alarm and takes no messages for the time being; it says why.
    case blocked(reason: String)
    case unblocked
}

extension AMQPConnection {
    /// The next event, or nil when none came in time.
    ///
    /// Serves heartbeats.
    ///
    /// - Throws: ``AMQPError`` when the connection, the channel or the consumer has come to its end.
    func nextEvent(within limit: Duration) throws(AMQPError) -> BrokerEvent? {
        let deadline = MonotonicInstant.now() + limit
        repeat {
            let remaining = max(deadline - MonotonicInstant.now(), .zero)
            guard let frame = try nextFrame(within: remaining) else { return nil }
            guard frame.frame_type == UInt8(AMQP_FRAME_METHOD) else { continue }
            if let event = try event(frame.payload.method) { return event }
        } while MonotonicInstant.now() < deadline
        return nil
    }

    private func nextFrame(within limit: Duration) throws(AMQPError) -> amqp_frame_t? {
        var frame = amqp_frame_t()
        let status = call { state in
            amqp_maybe_release_buffers(state)
            var wait = timeval(
                tv_sec: Int(limit.wholeMilliseconds / 1000),
                tv_usec: Int(limit.wholeMilliseconds % 1000) * 1000
            )
            return amqp_simple_wait_frame_noblock(state, &frame, &wait)
        }
        if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
        try sent(status, "wait for the broker")
        return frame
    }

    private func event(_ method: amqp_method_t) throws(AMQPError) -> BrokerEvent? {
        guard let decoded = method.decoded else { return nil }
        switch method.id {
        case observer_amqp_basic_ack:
            let ack = decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            return .confirmed(tag: ack.delivery_tag, isMultiple: ack.multiple != 0)
        case observer_amqp_basic_nack:
            let nack = decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            return .refused(tag: nack.delivery_tag, isMultiple: nack.multiple != 0)
        case observer_amqp_basic_return:
            return .returned(correlation: try content { $0.correlation_id.text }.0)
        case observer_amqp_basic_deliver:
            return .delivery(try delivery(decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self).pointee))
        case observer_amqp_basic_cancel:
            throw AMQPError(.cancelled, "the broker cancelled the consumer")
        case observer_amqp_connection_blocked:
            let blocked = decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee
            return .blocked(reason: blocked.reason.text)
        case observer_amqp_connection_unblocked: return .unblocked
        case observer_amqp_connection_close, observer_amqp_channel_close:
            throw AMQPError(closing: method, "use the connection")
        default: return nil
        }
    }

    private func delivery(_ deliver: amqp_basic_deliver_t) throws(AMQPError) -> AMQPDelivery {
        let exchange = deliver.exchange.text
        let key = deliver.routing_key.text
        let ((messageID, contentType, headers), body) = try content { properties in
            (
                properties.has(AMQP_BASIC_MESSAGE_ID_FLAG) ? properties.message_id.text : nil,
                properties.has(AMQP_BASIC_CONTENT_TYPE_FLAG) ? properties.content_type.text : nil,
                properties.has(AMQP_BASIC_HEADERS_FLAG) ? properties.headers.values : [:]
            )
        }
        return AMQPDelivery(
            tag: deliver.delivery_tag,
            isRedelivered: deliver.redelivered != 0,
            message: AMQPMessage(
                exchange: exchange,
                routingKey: key,
                body: body,
                messageID: messageID,
                contentType: contentType,
                headers: headers
            )
        )
    }

    /// Reads the header and body frames that follow a `basic.deliver` or `basic.return`.
    private func content<Value>(
        _ read: (amqp_basic_properties_t) -> Value
    ) throws(AMQPError) -> (Value, [UInt8]) {
        var message = amqp_message_t()
        let reply = call { state in amqp_read_message(state, Self.channel, &message, 0) }
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else { throw AMQPError(reply: reply, "read a message") }
        defer { amqp_destroy_message(&message) }
        return (read(message.properties), message.body.array)
    }
}

extension amqp_basic_properties_t {
    func has(_ flag: Int32) -> Bool { _flags & amqp_flags_t(flag) != 0 }
}
