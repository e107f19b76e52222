/// A request to be sent.
public struct HTTPClientRequest: Sendable {
    /// What is sent after the headers.
    public enum Body: Sendable {
        /// Nothing.
        case none
        /// Bytes in memory.
        case bytes([UInt8])
        /// The first `length` bytes of a file, read as they are sent.
        case file(path: String, length: Int64)
    }

    /// How long a request may take.
    public struct Limits: Sendable {
        /// For the connection, names and TLS included.
        public var connect: Duration = .seconds(5)
        /// For everything; nil for none.
        public var total: Duration? = .seconds(60)
        /// The request ends when fewer bytes a second than this move for `slowFor`.
        public var slowBytesPerSecond = 16_384
        /// How long slowness is borne.
        public var slowFor: Duration = .seconds(20)
        /// The largest answer that is kept, in bytes.
        public var responseBytes = 1 << 20

        /// The usual limits.
        public init() {}
    }

    /// `GET`, `PUT`, `HEAD`, `POST`, `DELETE`.
    public var method: String
    /// `http` or `https`; sent as it is, without normalisation.
    public var url: String
    /// Names and values, as they are sent.
    public var headers: [(name: String, value: String)]
    /// What is sent after the headers.
    public var body: Body
    /// How long it may take.
    public var limits: Limits

    /// Makes a request.
    public init(
        method: String,
        url: String,
        headers: [(name: String, value: String)] = [],
        body: Body = .none,
        limits: Limits = Limits()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
    }
}

/// An answer, whatever its status.
public struct HTTPClientResponse: Sendable {
    /// 100 to 599.
    public let status: Int
    /// Names in lower case, values without the space around them.
    public let headers: [(name: String, value: String)]
    /// The body; empty for `HEAD`.
    public let body: [UInt8]

    /// Makes an answer.
    public init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header; the name in lower case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

/// Why there is no answer.
public struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Kind: String, Sendable, CaseIterable {
        /// The host's name could not be resolved.
        case dns
        /// No connection.
        case connect
        /// The other side's certificate or its TLS.
        case tls
        /// A limit of time.
        case timeout
        /// The connection broke.
        case network
        /// The answer is larger than the limit.
        case tooLarge
        /// The file to be sent cannot be read, or is shorter than was said.
        case unreadable
        /// The engine was stopped.
        case cancelled
        /// The request cannot be sent as it is: a malformed URL, another scheme.
        case badRequest
    }

    /// What went wrong.
    public let kind: Kind
    /// libcurl's words; no URL and no header in them.
    public let reason: String

    /// Makes an error.
    public init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// Whether the same request can succeed later.
    public var isTemporary: Bool {
        switch kind {
        case .dns, .connect, .tls, .timeout, .network, .cancelled: true
        case .tooLarge, .unreadable, .badRequest: false
        }
    }

    /// Safe to log.
    public var description: String {
        "http: \(kind.rawValue): \(reason)"
    }
}
