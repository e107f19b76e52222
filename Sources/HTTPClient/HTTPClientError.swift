public import Errors

/// A failure to get a response.
public struct HTTPClientError: DescribedError, Hashable {
    /// The closed list of causes.
    public enum Kind: String, Sendable, CaseIterable {
        /// The host's name could not be resolved.
        case dns
        /// No connection was established.
        case connect
        /// The handshake failed, or the server's certificate was not accepted.
        case tls
        /// A limit of time passed.
        case timeout
        /// The connection broke.
        case network
        /// The response is larger than the limit.
        case tooLarge
        /// The file to send cannot be read, or is shorter than announced.
        case unreadable
        /// The client was stopped.
        case cancelled
        /// The request cannot be sent as it is: a malformed URL, a foreign scheme, a header with control characters.
        case badRequest
    }

    /// The cause.
    public let kind: Kind
    /// The words of libcurl or of the system; no URL and no header is in them.
    public let detail: String

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// True if the same request can succeed later with nothing changed here.
    public var isTemporary: Bool {
        switch kind {
        case .dns, .connect, .tls, .timeout, .network, .cancelled: true
        case .tooLarge, .unreadable, .badRequest: false
        }
    }

    /// Advice for an operator.
    public var hint: String? {
        switch kind {
        case .dns: "check the host name of the URL and the resolver of this machine"
        case .connect: "check that the server runs and that host and port of the URL are right"
        case .tls: "check the server's certificate, its host name and the clock of this machine"
        case .timeout, .network, .tooLarge, .unreadable, .cancelled, .badRequest: nil
        }
    }

    /// One line for logs.
    public var description: String {
        "http \(kind.rawValue): \(detail)"
    }
}
