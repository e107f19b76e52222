/// What went wrong between this process and the broker.
///
/// `description` is safe to log: it holds host, port, codes and the broker's own sentence, never a password.
public struct AMQPError: Error, CustomStringConvertible, Sendable, Hashable {
    /// The kinds of trouble; each asks for another reaction.
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
        /// The connection or channel is gone.
        case closed
        /// No answer in time.
        case timeout
        /// The broker has an alarm (memory, disk) and takes no messages.
        case blocked
        /// The broker cancelled the consumer: its queue was deleted or moved.
        case cancelled
        /// The peer does not speak the protocol as expected.
        case protocolViolation
    }

    /// The kind of trouble.
    public let kind: Kind
    /// What was being done, and the code and words of the broker or of librabbitmq.
    public let detail: String
    /// The AMQP reply code, when the broker gave one (AMQP 0-9-1, 1.2).
    public let replyCode: Int?

    /// Makes an error of a kind.
    public init(_ kind: Kind, _ detail: String, replyCode: Int? = nil) {
        self.kind = kind
        self.detail = detail
        self.replyCode = replyCode
    }

    /// Whether the same call can succeed later with nothing changed here.
    public var isTemporary: Bool {
        switch kind {
        case .unreachable, .closed, .timeout, .blocked, .cancelled, .notFound: true
        case .badURL, .tls, .refused, .conflict, .protocolViolation: false
        }
    }

    /// What an operator can do, if anything.
    public var hint: String? {
        switch kind {
        case .badURL: "write amqp://user:password@host:5672/vhost, or amqps:// for TLS"
        case .unreachable: "check that RabbitMQ runs and that host and port are right"
        case .tls: "check the broker's certificate, its host name and the CA file (?cacertfile=/path)"
        case .refused: "check user, password and virtual host, and the user's permissions"
        case .conflict: "delete the queue or exchange named above once it is empty; it is declared anew at once"
        case .blocked: "give the broker memory or disk; it says why in its log"
        case .notFound, .closed, .timeout, .cancelled, .protocolViolation: nil
        }
    }

    /// One line for logs.
    public var description: String {
        "amqp \(kind.rawValue): \(detail)" + (hint.map { "; \($0)" } ?? "")
    }
}
