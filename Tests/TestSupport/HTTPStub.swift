import Glibc
import System

/// A small HTTP server on the loopback interface whose answers a test decides, for servers that cannot be had here.
public final class HTTPStub: Sendable {
    /// A request with its whole body.
    public struct Request: Sendable {
        /// The method.
        public let method: String
        /// The path as it was sent, without the query.
        public let path: String
        /// The query as it was sent, without the question mark.
        public let query: String
        /// Names in lower case.
        public let headers: [String: String]
        /// The body.
        public let body: [UInt8]
    }

    /// An answer.
    public struct Answer: Sendable {
        /// The status.
        public var status: Int
        /// Headers besides the length.
        public var headers: [(name: String, value: String)]
        /// The body; not sent in answer to a HEAD.
        public var body: [UInt8]

        /// Creates an answer.
        public init(_ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
            (self.status, self.headers, self.body) = (status, headers, body)
        }

        /// Creates an answer with a text.
        public init(_ status: Int, _ text: String) {
            self.init(status, body: Array(text.utf8))
        }
    }

    /// The port.
    public let port: Int
    private let listener: Int32
    private let received = Monitor<[Request]>([])

    /// Starts a server; `handler` is called on a thread of each connection.
    ///
    /// - Returns: Nil where no port is free.
    public init?(_ handler: @escaping @Sendable (Request) -> Answer) {
        guard let bound = LoopbackSocket.bound(.stream), listen(bound.descriptor, 64) == 0 else { return nil }
        (listener, port) = (bound.descriptor, bound.port)
        DedicatedThread.start(name: "stub") { [listener, received] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                DedicatedThread.start(name: "stub-connection") {
                    while let request = Self.read(connection) {
                        received.withLock { $0.append(request) }
                        Self.send(handler(request), to: connection, isHead: request.method == "HEAD")
                    }
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// The address.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far.
    public var requests: [Request] { received.withLock { $0 } }

    private static func read(_ connection: Int32) -> Request? {
        guard let head = LoopbackSocket.readHead(connection) else { return nil }
        var lines = head.split(separator: "\r\n").map { String($0) }
        guard !lines.isEmpty else { return nil }
        let words = lines.removeFirst().split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        guard let body = read(connection, length) else { return nil }
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return Request(
            method: String(words[0]),
            path: String(target[0]),
            query: target.count > 1 ? String(target[1]) : "",
            headers: headers,
            body: body
        )
    }

    private static func read(_ connection: Int32, _ length: Int) -> [UInt8]? {
        var body = [UInt8](repeating: 0, count: length)
        var filled = 0
        while filled < length {
            let count = body[filled...].withUnsafeMutableBytes { Glibc.read(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { return nil }
            filled += count
        }
        return body
    }

    private static func send(_ answer: Answer, to connection: Int32, isHead: Bool) {
        var head = "HTTP/1.1 \(answer.status) Stub\r\n"
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        if !answer.headers.contains(where: { $0.name.lowercased() == "content-length" }) {
            head += "Content-Length: \(answer.body.count)\r\n"
        }
        var rest = (Array(head.utf8) + Array("\r\n".utf8) + (isHead ? [] : answer.body))[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
