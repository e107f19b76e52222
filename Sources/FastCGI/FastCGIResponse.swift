import HTTPTypes

/// A response in the form in which a web server reads it.
struct FastCGIResponse {
    /// The head (RFC 3875, section 6.3): `Status`, the header fields, an empty line.
    let head: [UInt8]
    /// The body; empty in the response to HEAD.
    let body: [UInt8]

    init(head: [UInt8], body: [UInt8]) {
        self.head = head
        self.body = body
    }

    init(_ response: HTTPResponse, to method: HTTPMethod) {
        let status = response.status
        var head: [UInt8] = []
        head.reserveCapacity(512)
        head += "Status: \(status) \(HTTPStatus.reason(status))\r\n".utf8
        for field in response.fields {
            head += field.name.description.utf8
            head += ": ".utf8
            head += field.value.utf8
            head += "\r\n".utf8
        }
        // A response with these codes has no body and no length (RFC 9110, section 8.6).
        if status != 204, status != 304, status >= 200 {
            head += "Content-Length: \(response.stream?.length ?? Int64(response.body.count))\r\n".utf8
        }
        head += "\r\n".utf8
        self.head = head
        body = method == .head ? [] : response.body
    }
}
