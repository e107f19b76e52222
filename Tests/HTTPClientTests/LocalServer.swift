import System
import Glibc
import TestSupport

/// A server on the loopback interface whose connections a test handles, each on a thread of its own.
final class LocalServer: Sendable {
    let port: Int
    private let listener: Int32
    private let received = Monitor<[String]>([])

    /// Starts a server; `handler` gets a connected socket, which is closed after it, and the head of the request.
    init?(_ handler: @escaping @Sendable (Int32, String) -> Void) {
        guard let bound = LoopbackSocket.bound(.stream), listen(bound.descriptor, 16) == 0 else { return nil }
        listener = bound.descriptor
        port = bound.port
        DedicatedThread.start(name: "local-server") { [listener, received] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                DedicatedThread.start(name: "connection") {
                    let head = LoopbackSocket.readHead(connection) ?? ""
                    received.withLock { $0.append(head) }
                    handler(connection, head)
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The heads of the requests so far.
    var requests: [String] { received.withLock { $0 } }

    static func send(_ text: String, to connection: Int32) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Reads until the other side has sent as many bytes or closes.
    static func drain(_ connection: Int32, bytes: Int) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while result.count < bytes {
            let count = read(connection, &chunk, min(chunk.count, bytes - result.count))
            guard count > 0 else { break }
            result += chunk[..<count]
        }
        return result
    }
}
