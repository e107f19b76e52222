/// A response, whatever its status.
public struct HTTPClientResponse: Sendable {
    /// The status code, 100 to 599.
    public let status: Int
    /// Names in lower case, and values without the space around them.
    public let headers: [(name: String, value: String)]
    /// The body; empty for `HEAD`.
    public let body: [UInt8]

    /// Creates a response.
    public init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Returns the first value of a header field, whose name is given in lower case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
