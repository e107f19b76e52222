public import Errors

/// A failure between this process and the broker.
public struct AMQPError: DescribedError, Hashable {
    /// The closed list of causes; each asks for another reaction.
    public enum Kind: String, CaseIterable, Sendable {
        /// The URL cannot be used.
        case badURL
        /// Nothing answers at the address.
        case unreachable
        /// The TLS handshake or the verification of the certificate failed.
        case tls
        /// The broker refused the account or the virtual host (403, 530).
        case refused
        /// A queue, exchange or binding exists with other arguments (406).
        case conflict
        /// A queue or exchange does not exist (404).
        case notFound
        /// The connection or channel is closed.
        case closed
        /// No answer arrived in time.
        case timeout
        /// The broker has an alarm (memory, disk) and takes no messages.
        case blocked
        /// The broker cancelled the consumer: its queue was deleted or moved.
        case cancelled
        /// The peer does not follow the protocol.
        case protocolViolation
    }

    /// The cause.
    public let kind: Kind
    /// The operation, and the code and words of the broker or of librabbitmq; host and port, never a password.
    public let detail: String
    /// The AMQP reply code, if the broker gave one (AMQP 0-9-1, section 1.2).
    public let replyCode: Int?

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String, replyCode: Int? = nil) {
        self.kind = kind
        self.detail = detail
        self.replyCode = replyCode
    }

    /// True if the same call can succeed later with nothing changed here.
    public var isTemporary: Bool {
        switch kind {
        case .unreachable, .closed, .timeout, .blocked, .cancelled, .notFound: true
        case .badURL, .tls, .refused, .conflict, .protocolViolation: false
        }
    }

    /// Advice for an operator.
    public var hint: String? {
        switch kind {
        case .badURL: "write amqp://user:password@host:5672/vhost, or amqps:// for TLS"
        case .unreachable: "check that RabbitMQ runs and that host and port are right"
        case .tls: "check the broker's certificate, its host name and the CA file (?cacertfile=/path)"
        case .refused: "check user, password and virtual host, and the user's permissions"
        case .conflict: "delete the queue or exchange named above once it is empty; it is declared anew at once"
        case .blocked: "give the broker memory or disk; its log has the reason"
        case .notFound, .closed, .timeout, .cancelled, .protocolViolation: nil
        }
    }

    /// One line for logs.
    public var description: String {
        "amqp \(kind.rawValue): \(detail)"
    }
}

extension AMQPError {
    /// Creates the error of a broker's alarm.
    init(blockedBecause reason: String) {
        self.init(.blocked, "the broker takes no messages: \(reason)")
    }
}
