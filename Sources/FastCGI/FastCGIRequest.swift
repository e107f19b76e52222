import Glibc
import HTTPTypes

/// The parameters of a request, which follow the meta-variables of CGI (RFC 3875, section 4.1).
///
/// Only what the web server sets is trusted; a client's header fields arrive as `HTTP_…`. Of a parameter that comes twice
/// the last one counts: the web server writes its own after those it includes.
struct FastCGIRequest {
    private var method: HTTPMethod = ""
    private var requestURI: String?
    private var documentURI: String?
    private var scriptName: String?
    private var remoteAddress = ""
    private var id: String?
    private var contentType = ""
    private var contentLength = ""
    private var fields: [HTTPField] = []

    init() {
        fields.reserveCapacity(24)
    }

    /// Reads one parameter, `NAME=VALUE`; those of no use here are passed over.
    mutating func add(_ parameter: UnsafeBufferPointer<UInt8>) {
        guard let mark = parameter.firstIndex(of: UInt8(ascii: "=")) else { return }
        let name = UnsafeBufferPointer(rebasing: parameter[..<mark])
        var value: String { String(decoding: parameter[(mark + 1)...], as: UTF8.self) }
        if name.count > 5, UnsafeBufferPointer(rebasing: name.prefix(5)).equals("HTTP_") {
            addField(UnsafeBufferPointer(rebasing: name.dropFirst(5)), value)
        } else if name.equals("REQUEST_METHOD") {
            method = HTTPMethod(rawValue: value)
        } else if name.equals("REQUEST_URI") {
            requestURI = value
        } else if name.equals("DOCUMENT_URI") {
            documentURI = value
        } else if name.equals("SCRIPT_NAME") {
            scriptName = value
        } else if name.equals("REMOTE_ADDR") {
            remoteAddress = value
        } else if name.equals("REQUEST_ID") {
            id = value
        } else if name.equals("CONTENT_TYPE") {
            contentType = value
        } else if name.equals("CONTENT_LENGTH") {
            contentLength = value
        }
    }

    /// `USER_AGENT` is `user-agent`; a name that is no token is dropped, and so are the two that have parameters of
    /// their own, which count (RFC 3875, section 4.1.18).
    private mutating func addField(_ variable: UnsafeBufferPointer<UInt8>, _ value: String) {
        guard !variable.equals("CONTENT_TYPE"), !variable.equals("CONTENT_LENGTH") else {
            return
        }
        let name = String(unsafeUninitializedCapacity: variable.count) { buffer in
            for (index, byte) in variable.enumerated() {
                buffer[index] =
                    switch byte {
                    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
                    case UInt8(ascii: "_"): UInt8(ascii: "-")
                    default: byte
                    }
            }
            return variable.count
        }
        guard let name = HTTPFieldName(name) else { return }
        fields.append(HTTPField(name, value))
    }

    /// The announced length of the body in bytes; `Int.max` for a number that no integer holds, 0 for what is no number.
    var announcedLength: Int {
        guard !contentLength.isEmpty, contentLength.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return 0 }
        return Int(contentLength) ?? .max
    }

    /// Returns the request with its body.
    consuming func request(body: HTTPRequest.Body) -> HTTPRequest {
        if !contentType.isEmpty { fields.append(HTTPField(.contentType, contentType)) }
        return HTTPRequest(
            method: method,
            target: requestURI ?? documentURI ?? scriptName ?? "/",
            fields: fields,
            remoteAddress: remoteAddress,
            id: id,
            body: body
        )
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Compares with a literal; each parameter of each request is compared with several.
    fileprivate func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let baseAddress else { return false }
        return memcmp(baseAddress, text.utf8Start, count) == 0
    }
}
