/// A response: status, header fields and the whole body.
public struct HTTPResponse: Sendable {
    /// The status code, 200 to 599.
    public var status: Int
    /// The body; its length is sent as `Content-Length`.
    public var body: [UInt8]
    /// A body that is produced while it is sent, in place of `body`.
    public var stream: HTTPBodyStream?
    /// The header fields in the order in which they were added.
    public private(set) var fields: [HTTPField] = []

    /// Creates a response.
    ///
    /// - Parameters:
    ///   - status: The status code.
    ///   - contentType: The media type of the body, charset included; nil for a response without a body.
    ///   - body: The body.
    public init(status: Int = 200, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.body = body
        if let contentType { add(.contentType, contentType) }
    }

    /// Creates a response of plain text.
    public init(status: Int = 200, text: String) {
        self.init(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// Adds a header field beside others of the same name; control characters in the value become spaces.
    public mutating func add(_ name: HTTPFieldName, _ value: String) {
        fields.append(HTTPField(name, value))
    }

    /// Replaces all header fields of a name by one; control characters in the value become spaces.
    public mutating func set(_ name: HTTPFieldName, _ value: String) {
        fields.removeAll { $0.name == name }
        add(name, value)
    }

    /// Returns the value of the first header field of a name.
    public func header(_ name: HTTPFieldName) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// Returns the values of all header fields of a name.
    public func headers(_ name: HTTPFieldName) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }
}
