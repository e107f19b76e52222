/// A request as a server received it.
public struct HTTPRequest: Sendable {
    /// The content of a request.
    public enum Body: Sendable {
        /// All of the content; empty for a request without any.
        case complete([UInt8])
        /// More content than the server keeps; the bytes were dropped.
        case tooLarge
    }

    /// The method.
    public let method: HTTPMethod
    /// Path and query as sent, percent-encoded.
    public let target: String
    /// The header fields in the order in which they came.
    public let fields: [HTTPField]
    /// The client's address.
    public let remoteAddress: String
    /// The web server's identifier of the request, which is in its log too.
    public let id: String?
    private let body: Body

    /// Creates a request from its parts.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - target: Path and query, percent-encoded.
    ///   - fields: The header fields.
    ///   - remoteAddress: The client's address.
    ///   - id: The web server's identifier of the request.
    ///   - body: The content.
    public init(
        method: HTTPMethod,
        target: String,
        fields: [HTTPField],
        remoteAddress: String,
        id: String?,
        body: Body
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.remoteAddress = remoteAddress
        self.id = id
        self.body = body
    }

    /// Creates a request by hand, for calls inside the process and for tests.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - target: Path and query, percent-encoded.
    ///   - headers: Names and values of the header fields.
    ///   - remoteAddress: The client's address.
    ///   - body: The content.
    public init(
        _ method: HTTPMethod,
        _ target: String,
        headers: [(name: HTTPFieldName, value: String)] = [],
        remoteAddress: String = "127.0.0.1",
        body: [UInt8] = []
    ) {
        self.init(
            method: method,
            target: target,
            fields: headers.map { HTTPField($0.name, $0.value) },
            remoteAddress: remoteAddress,
            id: nil,
            body: .complete(body)
        )
    }

    /// The path as sent, percent-encoded, without the query; begins with a slash.
    public var path: String {
        String(target[..<queryMark])
    }

    /// The query as sent, percent-encoded, without the question mark; empty if there is none.
    public var query: String {
        String(target[queryMark...].dropFirst())
    }

    /// Found in the bytes: a search by characters costs a good part of what a request costs at all.
    private var queryMark: String.Index {
        target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
    }

    /// Returns the value of the last header field of a name: a web server in front adds its own after the client's.
    public func header(_ name: HTTPFieldName) -> String? {
        fields.last { $0.name == name }?.value
    }

    /// Returns the value of the first cookie of a name.
    public func cookie(_ name: String) -> String? {
        guard let header = header(.cookie) else { return nil }
        for pair in header.split(separator: ";") {
            let pair = pair.drop { $0 == " " }
            guard let mark = pair.firstIndex(of: "="), pair[..<mark] == name else { continue }
            return String(pair[pair.index(after: mark)...])
        }
        return nil
    }

    /// Returns the content; nil if it is longer than `limit` bytes.
    public func body(limit: Int) -> [UInt8]? {
        guard case .complete(let bytes) = body, bytes.count <= limit else { return nil }
        return bytes
    }
}
