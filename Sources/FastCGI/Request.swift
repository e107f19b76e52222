/// A request: what the web server says of it, kept as the bytes it came in and read when asked for.
///
/// Only parameters the web server sets are trusted; what a client sends as a header arrives as `HTTP_…`.
public struct Request: Sendable {
    /// The parameters, `NAME=VALUE`, each ended by a zero byte.
    private let parameters: [UInt8]
    private let content: RequestBody

    /// Makes a request of parameters as they came.
    init(parameters: [UInt8], content: RequestBody) {
        self.parameters = parameters
        self.content = content
    }

    /// Makes a request by hand, for tests and for calls inside the process.
    ///
    /// - Parameters:
    ///   - method: The method, `GET` for example.
    ///   - target: Path and query, percent-encoded.
    ///   - headers: Header fields.
    ///   - remoteAddress: The client's address.
    ///   - body: The body.
    public init(
        _ method: String,
        _ target: String,
        headers: [(name: String, value: String)] = [],
        remoteAddress: String = "127.0.0.1",
        body: [UInt8] = []
    ) {
        var parameters: [UInt8] = []
        func add(_ name: String, _ value: String) {
            parameters += name.utf8
            parameters.append(UInt8(ascii: "="))
            parameters += value.utf8.filter { $0 != 0 }
            parameters.append(0)
        }
        add("REQUEST_METHOD", method)
        add("REQUEST_URI", target)
        add("REMOTE_ADDR", remoteAddress)
        if !body.isEmpty { add("CONTENT_LENGTH", String(body.count)) }
        for (name, value) in headers {
            let isContentType = name.utf8.elementsEqual("content-type".utf8) { $0.lowercasedASCII == $1 }
            add(isContentType ? "CONTENT_TYPE" : "HTTP_" + String(decoding: Self.variable(name), as: UTF8.self), value)
        }
        self.parameters = parameters
        self.content = .complete(body)
    }

    /// The method as sent, `GET` for example.
    public var method: String { parameter("REQUEST_METHOD") ?? "" }

    /// The path as sent, percent-encoded, without the query; begins with a slash.
    public var path: String {
        let target = target
        return String(target.prefix { $0 != "?" })
    }

    /// The query as sent, percent-encoded, without the question mark; empty where there is none.
    public var query: String {
        let target = target
        guard let mark = target.firstIndex(of: "?") else { return "" }
        return String(target[target.index(after: mark)...])
    }

    /// Path and query as the client sent them (`REQUEST_URI`; where the web server gives none, `DOCUMENT_URI`).
    public var target: String {
        parameter("REQUEST_URI") ?? parameter("DOCUMENT_URI") ?? parameter("SCRIPT_NAME") ?? "/"
    }

    /// The client's address, as the web server saw it.
    public var remoteAddress: String { parameter("REMOTE_ADDR") ?? "" }

    /// The media type of the body, as sent.
    public var contentType: String? { parameter("CONTENT_TYPE").flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether the client's connection to the web server is encrypted.
    public var isSecure: Bool { parameter("HTTPS") == "on" }

    /// The value of a header field; several of one name arrive joined by the web server.
    public func header(_ name: String) -> String? {
        value(Array("HTTP_".utf8) + Self.variable(name))
    }

    /// A parameter of the web server, `SERVER_NAME` for example.
    public func parameter(_ name: String) -> String? {
        value(Array(name.utf8))
    }

    /// The value of the first cookie of a name.
    public func cookie(_ name: String) -> String? {
        guard let header = header("Cookie") else { return nil }
        for pair in header.split(separator: ";") {
            let pair = pair.drop { $0 == " " }
            guard let mark = pair.firstIndex(of: "="), pair[..<mark] == name else { continue }
            return String(pair[pair.index(after: mark)...])
        }
        return nil
    }

    /// The body.
    ///
    /// - Parameter limit: How many bytes are allowed.
    /// - Returns: The bytes, all of them.
    /// - Throws: ``RequestError`` when there are more, or when the client went away before all had come.
    public func body(limit: Int) throws(RequestError) -> [UInt8] {
        switch content {
        case .complete(let bytes):
            guard bytes.count <= limit else { throw RequestError(kind: .tooLarge, limit: limit) }
            return bytes
        case .tooLarge:
            throw RequestError(kind: .tooLarge, limit: limit)
        case .truncated:
            throw RequestError(kind: .truncated, limit: limit)
        }
    }

    /// `Content-Type` as `CONTENT_TYPE`.
    private static func variable(_ name: String) -> [UInt8] {
        name.utf8.map { (byte: UInt8) -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte & ~0x20
            case UInt8(ascii: "-"): UInt8(ascii: "_")
            default: byte
            }
        }
    }

    /// The value of the last parameter of a name: the web server writes its own after those it includes.
    private func value(_ name: [UInt8]) -> String? {
        parameters.withUnsafeBufferPointer { bytes in
            var found: Range<Int>?
            var start = 0
            while start < bytes.count {
                var end = start
                while end < bytes.count, bytes[end] != 0 { end += 1 }
                let mark = start + name.count
                if mark < end, bytes[mark] == UInt8(ascii: "="), bytes[start..<mark].elementsEqual(name) {
                    found = (mark + 1)..<end
                }
                start = end + 1
            }
            return found.map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }
}

/// What came of a request's body.
enum RequestBody: Sendable {
    case complete([UInt8])
    /// More than the server takes; the bytes were not kept.
    case tooLarge
    /// The client went away before the end.
    case truncated
}

/// Why a body can't be had.
public struct RequestError: Error, CustomStringConvertible, Sendable {
    /// The kinds of trouble.
    public enum Kind: String, CaseIterable, Sendable {
        /// The body is larger than allowed.
        case tooLarge = "too_large"
        /// The body ended before its announced length.
        case truncated
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// How many bytes were allowed.
    public let limit: Int

    /// Always false: the same request fails again.
    public var isTemporary: Bool { false }

    /// One sentence, safe to log.
    public var description: String {
        switch kind {
        case .tooLarge: "the request body is larger than \(limit) bytes"
        case .truncated: "the request body ended early"
        }
    }
}
