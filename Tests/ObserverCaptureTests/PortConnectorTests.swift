import Glibc
import Media
import System
import Testing

@testable import ObserverCapture

@Suite(.timeLimit(.minutes(1))) struct PortConnectorTests {
    /// Goes on until the connector has a connection.
    private static func connect(_ connector: PortConnector) throws(MediaError) -> Bool {
        let deadline = MonotonicInstant.now() + .seconds(10)
        while !deadline.hasPassed {
            if try connector.turn(at: .now()) != nil { return true }
            var poller = pollfd(fd: connector.descriptor ?? -1, events: Int16(POLLOUT), revents: 0)
            poll(&poller, 1, 10)
        }
        return false
    }

    private static func listener() throws -> (address: SocketAddress, file: Int32) {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let loopback = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
        try #require(loopback.withSocketAddress { bind(file, $0, $1) } == 0 && listen(file, 4) == 0)
        return (try #require(SocketAddress.local(of: file)), file)
    }

    @Test func `the next address is tried where the first one refuses`() throws {
        let (address, file) = try Self.listener()
        defer { close(file) }
        let closed = try #require(SocketAddress(numeric: "127.0.0.1", port: 1))
        #expect(try Self.connect(PortConnector(AddressLookUp(.success([closed, address])))))
    }

    @Test func `without an address that answers the last failure is told`() throws {
        let closed = try #require(SocketAddress(numeric: "127.0.0.1", port: 1))
        let connector = PortConnector(AddressLookUp(.success([closed, closed])))
        let error = #expect(throws: MediaError.self) { try Self.connect(connector) }
        #expect(error?.kind == .refused)
    }

    @Test func `a look-up is waited for, and its failure is told`() throws {
        let (address, file) = try Self.listener()
        defer { close(file) }
        let slow = AddressLookUp()
        let connector = PortConnector(slow)
        #expect(try connector.turn(at: .now()) == nil)
        slow.finish(.success([address]))
        #expect(try Self.connect(connector))
        let failing = AddressLookUp()
        failing.finish(.failure(MediaError(.dns, "the host's name has no address")))
        let error = #expect(throws: MediaError.self) { try Self.connect(PortConnector(failing)) }
        #expect(error?.kind == .dns)
        let endless = PortConnector(AddressLookUp())
        let late = #expect(throws: MediaError.self) {
            if try endless.turn(at: .now() + .seconds(6)) != nil { Issue.record("nothing was connected to") }
        }
        #expect(late?.kind == .dns)
    }

    @Test func `a file that the process may not open is told as that, whatever it was for`() {
        let full = MediaError(SystemError(call: "socket", "", code: EMFILE), as: .file, "no UDP port is free")
        #expect(full.kind == .tooManyOpen && !full.detail.contains("UDP") && full.code == EMFILE)
        let busy = MediaError(SystemError(call: "bind", "", code: EADDRINUSE), as: .file, "no UDP port is free")
        #expect(busy.kind == .file && busy.detail == "no UDP port is free")
    }
}
