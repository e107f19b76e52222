import Glibc
import System
import TestSupport

/// A server on the loopback interface that answers each request (RTSP or HTTP) as a test says, and counts who came.
///
/// It listens until the process ends, so that no other test is ever given its port.
final class StubServer: Sendable {
    let port: Int
    private let heads = Monitor<[String]>([])
    private let accepted = Monitor(0)

    /// Starts a server; `answer` gets the head of a request, nil closes the connection.
    init?(_ answer: @escaping @Sendable (String) -> String?) {
        guard let (listener, port) = LoopbackSocket.bound(.stream), listen(listener, 16) == 0 else { return nil }
        self.port = port
        DedicatedThread.start(name: "stub-server") { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                accepted.withLock { $0 += 1 }
                DedicatedThread.start(name: "stub") { [self] in
                    defer { close(connection) }
                    while let head = LoopbackSocket.readHead(connection) {
                        heads.withLock { $0.append(head) }
                        guard let text = answer(head), Self.send(text, to: connection) else { return }
                    }
                }
            }
        }
    }

    /// How many connections were accepted so far.
    var connections: Int { accepted.withLock { $0 } }
    var requests: [String] { heads.withLock { $0 } }

    /// An answer to an RTSP request, with its sequence number.
    static func rtsp(_ request: String, _ status: String, _ headers: [String] = [], body: String = "") -> String {
        let number = request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("cseq:") } ?? "CSeq: 1"
        var lines = ["RTSP/1.0 \(status)", String(number)] + headers
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private static func send(_ text: String, to connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
