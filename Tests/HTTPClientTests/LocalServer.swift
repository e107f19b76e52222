import System
import Glibc
import Synchronization

/// A server on the loopback interface whose connections a test handles, each on a thread of its own.
final class LocalServer: Sendable {
    let port: Int
    private let listener: Int32
    private let received = Monitor<[String]>([])

    /// Starts a server; `handler` gets a connected socket, which is closed after it, and the head of the request.
    init?(_ handler: @escaping @Sendable (Int32, String) -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else { return nil }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        DedicatedThread.start(name: "local-server") { [listener, received] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                DedicatedThread.start(name: "connection") {
                    let head = Self.readHead(connection)
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

    private static func readHead(_ connection: Int32) -> String {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), read(connection, &byte, 1) == 1 { head.append(byte) }
        return String(decoding: head, as: UTF8.self)
    }
}
