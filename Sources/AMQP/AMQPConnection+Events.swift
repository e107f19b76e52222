import CRabbitMQ
import Glibc
import System

extension AMQPConnection {
    /// Returns the next event, or nil if none came in time; serves heartbeats meanwhile.
    ///
    /// - Throws: ``AMQPError`` when the connection, the channel or the consumer has ended.
    func nextEvent(within limit: Duration) throws(AMQPError) -> AMQPBrokerEvent? {
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
        let status = try call { state in
            amqp_maybe_release_buffers(state)
            var wait = timeval(
                tv_sec: Int(limit.wholeMilliseconds / 1000),
                tv_usec: Int(limit.wholeMilliseconds % 1000) * 1000
            )
            return amqp_simple_wait_frame_noblock(state, &frame, &wait)
        }
        if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
        guard status == 0 else { throw AMQPError(status: status, "wait for the broker") }
        return frame
    }

    private func event(_ method: amqp_method_t) throws(AMQPError) -> AMQPBrokerEvent? {
        guard let decoded = method.decoded else { return nil }
        switch method.id {
        case observer_amqp_basic_ack:
            let ack = decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            return .confirmed(tag: ack.delivery_tag, isMultiple: ack.multiple != 0)
        case observer_amqp_basic_nack:
            let nack = decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            return .refused(tag: nack.delivery_tag, isMultiple: nack.multiple != 0)
        case observer_amqp_basic_return:
            let content = try content()
            return .returned(correlation: content.withProperties { $0.correlation_id.text })
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
        // Copied first: reading the content reuses the buffers.
        let exchange = deliver.exchange.text
        let key = deliver.routing_key.text
        let content = try content()
        let message = content.withProperties { properties in
            AMQPMessage(
                exchange: exchange,
                routingKey: key,
                body: content.body,
                messageID: properties.has(AMQP_BASIC_MESSAGE_ID_FLAG) ? properties.message_id.text : nil,
                contentType: properties.has(AMQP_BASIC_CONTENT_TYPE_FLAG) ? properties.content_type.text : nil,
                headers: properties.has(AMQP_BASIC_HEADERS_FLAG) ? properties.headers.values : [:]
            )
        }
        return AMQPDelivery(tag: deliver.delivery_tag, isRedelivered: deliver.redelivered != 0, message: message)
    }

    /// Reads the header and body frames that follow a `basic.deliver` or `basic.return`.
    private func content() throws(AMQPError) -> RabbitMQMessage {
        var message = amqp_message_t()
        let reply = try call { state in amqp_read_message(state, Self.channel, &message, 0) }
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else { throw AMQPError(reply: reply, "read a message") }
        return RabbitMQMessage(takingOwnershipOf: message)
    }
}

extension amqp_basic_properties_t {
    fileprivate func has(_ flag: Int32) -> Bool { _flags & amqp_flags_t(flag) != 0 }
}
