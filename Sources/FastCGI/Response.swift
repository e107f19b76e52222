/// An answer: status, header fields and the whole body.
public struct Response: Sendable {
    /// The status code, 200…599.
    public var status: Int
    /// The body; its length is sent as `Content-Length`.
    public var body: [UInt8]
    private var fields: [HeaderField] = []

    /// Makes an answer.
    ///
    /// - Parameters:
    ///   - status: The status code.
    ///   - contentType: The media type of the body, charset included; nil for an answer without a body.
    ///   - body: The body.
    public init(status: Int = 200, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.body = body
        if let contentType { add(.contentType, contentType) }
    }

    /// Makes an answer of plain text.
    public init(status: Int = 200, text: String) {
        self.init(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// Adds a header field, beside others of the same name; control characters in the value become spaces.
    public mutating func add(_ name: HeaderName, _ value: String) {
        fields.append(HeaderField(name: name, value: value))
    }

    /// Sets a header field, in place of all others of the same name; control characters in the value become spaces.
    public mutating func set(_ name: HeaderName, _ value: String) {
        fields.removeAll { $0.name.matches(name) }
        add(name, value)
    }

    /// The value of the first header field of a name, whatever its case.
    public func header(_ name: HeaderName) -> String? {
        fields.first { $0.name.matches(name) }?.value
    }

    /// The values of all header fields of a name, whatever its case.
    public func headers(_ name: HeaderName) -> [String] {
        fields.filter { $0.name.matches(name) }.map(\.value)
    }

    /// The head in the form of RFC 3875, section 6.3: `Status`, the fields, an empty line.
    func head() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes += "Status: \(status) \(Self.reason(status))\r\n".utf8
        for field in fields {
            bytes += field.name.description.utf8
            bytes += ": ".utf8
            bytes += field.value.utf8
            bytes += "\r\n".utf8
        }
        // An answer with these codes has no body and must not speak of its length (RFC 9110, section 8.6).
        if status != 204, status != 304, status >= 200 {
            bytes += "Content-Length: \(body.count)\r\n".utf8
        }
        bytes += "\r\n".utf8
        return bytes
    }

    /// The phrase that goes with a status code (RFC 9110, section 15).
    public static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 500: "Internal FastCGIServer Error"
        case 503: "Service Unavailable"
        default: "Status \(status)"
        }
    }
}

extension HeaderName {
    fileprivate func matches(_ other: HeaderName) -> Bool {
        let own = description.utf8
        let theirs = other.description.utf8
        return own.count == theirs.count && zip(own, theirs).allSatisfy { $0.lowercasedASCII == $1.lowercasedASCII }
    }
}

extension UInt8 {
    /// A letter in lower case; anything else as it is.
    var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
