import CRabbitMQ

extension AMQPError {
    /// Creates the error of a status below zero (`amqp_status_enum`).
    init(status: Int32, _ what: String, isConnecting: Bool = false) {
        let words = String(cString: amqp_error_string2(status))
        let kind: Kind
        switch status {
        case AMQP_STATUS_TIMEOUT.rawValue, AMQP_STATUS_HEARTBEAT_TIMEOUT.rawValue: kind = .timeout
        case AMQP_STATUS_SSL_ERROR.rawValue, AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue,
            AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue, AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue:
            kind = isConnecting ? .tls : .closed
        case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED.rawValue: kind = .unreachable
        case AMQP_STATUS_SOCKET_ERROR.rawValue, AMQP_STATUS_CONNECTION_CLOSED.rawValue,
            AMQP_STATUS_SOCKET_CLOSED.rawValue, AMQP_STATUS_TCP_ERROR.rawValue:
            kind = isConnecting ? .unreachable : .closed
        default: kind = .protocolViolation
        }
        self.init(kind, "\(what): \(words)")
    }

    /// Creates the error of an answer to a request.
    init(reply: amqp_rpc_reply_t, _ what: String, isConnecting: Bool = false) {
        switch reply.reply_type {
        case AMQP_RESPONSE_SERVER_EXCEPTION: self.init(closing: reply.reply, what)
        case AMQP_RESPONSE_LIBRARY_EXCEPTION:
            self.init(status: reply.library_error, what, isConnecting: isConnecting)
        default: self.init(.protocolViolation, "\(what): no answer")
        }
    }

    /// Creates the error of `connection.close` or `channel.close`, whose text names queues and arguments, never a secret.
    init(closing method: amqp_method_t, _ what: String) {
        var code = 0
        var words = "closed by the broker"
        if method.id == observer_amqp_connection_close,
            let close = method.decoded?.assumingMemoryBound(to: amqp_connection_close_t.self)
        {
            code = Int(close.pointee.reply_code)
            words = close.pointee.reply_text.text
        } else if method.id == observer_amqp_channel_close,
            let close = method.decoded?.assumingMemoryBound(to: amqp_channel_close_t.self)
        {
            code = Int(close.pointee.reply_code)
            words = close.pointee.reply_text.text
        }
        let kind: Kind =
            switch code {
            case 403, 530: .refused
            case 404: .notFound
            case 406: words.contains("inequivalent") ? .conflict : .closed
            default: .closed
            }
        self.init(kind, "\(what): \(code) \(words)", replyCode: code)
    }
}
