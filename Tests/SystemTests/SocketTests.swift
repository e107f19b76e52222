import Glibc
import System
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", 80, "127.0.0.1:80", [127, 0, 0, 1]),
        ("2001:db8::1", 554, "[2001:db8::1]:554", [0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ])
    func `a numeric address is read and written`(text: String, port: Int, shown: String, bytes: [UInt8]) throws {
        let address = try #require(SocketAddress(numeric: text, port: port))
        #expect(address.description == shown)
        #expect(address.bytes == bytes)
        #expect(address.port == port)
        #expect(address == SocketAddress(bytes: bytes, port: port))
    }

    @Test(arguments: ["", "localhost", "1.2.3", "256.0.0.1", "::g", "127.0.0.1 ", "fe80::1%lo"])
    func `other text is no numeric address`(text: String) {
        #expect(SocketAddress(numeric: text, port: 1) == nil)
    }

    @Test func `a port and a length that do not fit are refused`() {
        #expect(SocketAddress(numeric: "127.0.0.1", port: 65_536) == nil)
        #expect(SocketAddress(numeric: "127.0.0.1", port: -1) == nil)
        #expect(SocketAddress(bytes: [1, 2, 3], port: 1) == nil)
        #expect(SocketAddress(unixPath: "") == nil)
        #expect(SocketAddress(unixPath: "/" + String(repeating: "a", count: 106)) != nil)
        #expect(SocketAddress(unixPath: "/" + String(repeating: "a", count: 107)) == nil)
        #expect(SocketAddress(unixPath: "/a\u{0}b") == nil)
    }

    @Test func `a name that is an address has that address`() {
        #expect(NameLookUp.addresses(of: "127.0.0.1") == [[127, 0, 0, 1]])
        #expect(NameLookUp.addresses(of: "a.invalid").isEmpty)
    }
}

@Suite struct StreamSocketTests {
    /// A socket bound to a free port of the loopback interface, closed with the value.
    private final class BoundSocket {
        let descriptor: Int32
        let address: SocketAddress

        init(backlog: Int32?) throws {
            let bound = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            let any = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
            #expect(any.withSocketAddress { bind(bound, $0, $1) } == 0)
            if let backlog { #expect(listen(bound, backlog) == 0) }
            var name = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(bound, $0, &size) }
            }
            #expect(result == 0)
            descriptor = bound
            address = try #require(SocketAddress(numeric: "127.0.0.1", port: Int(UInt16(bigEndian: name.sin_port))))
        }

        deinit { close(descriptor) }
    }

    @Test func `a listener is reached`() throws {
        let listener = try BoundSocket(backlog: 8)
        let socket = try StreamSocket.connect(to: listener.address, until: .now() + .seconds(10))
        #expect(socket.takeError() == 0)
        let descriptor = socket.release()
        #expect(descriptor >= 0 && fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
        #expect(close(descriptor) == 0)
    }

    @Test func `where nothing listens the error says so`() throws {
        let silent = try BoundSocket(backlog: nil)
        do throws(SystemError) {
            _ = try StreamSocket.connect(to: silent.address, until: .now() + .seconds(10))
            Issue.record("connected to a port without a listener")
        } catch {
            #expect(error.kind == .refused && error.isTemporary && error.code == ECONNREFUSED)
        }
    }

    @Test func `an answer that does not come ends at the deadline`() throws {
        // With a full queue of connections the kernel drops the first packet of each further one.
        let full = try BoundSocket(backlog: 0)
        var waiting: [Int32] = []
        defer { for descriptor in waiting { close(descriptor) } }
        let start = MonotonicInstant.now()
        var kind: SystemError.Kind?
        for _ in 0..<64 where kind == nil {
            do throws(SystemError) {
                let socket = try StreamSocket.connect(to: full.address, until: .now() + .milliseconds(100))
                waiting.append(socket.release())
            } catch {
                kind = error.kind
            }
        }
        #expect(kind == .timedOut)
        #expect(MonotonicInstant.now() - start < .seconds(10))
    }
}
