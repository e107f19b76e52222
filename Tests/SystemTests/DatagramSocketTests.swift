import System
import Testing

@Suite struct DatagramSocketTests {
    private static func loopback(_ port: Int = 0) throws -> SocketAddress {
        try #require(SocketAddress(numeric: "127.0.0.1", port: port))
    }

    /// The datagrams that come within five seconds, at least so many.
    private static func receive(_ count: Int, by socket: DatagramSocket, bytes: Int = 1000) -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * bytes, alignment: 8)
        defer { room.deallocate() }
        let deadline = MonotonicInstant.now() + .seconds(5)
        while datagrams.count < count, !deadline.hasPassed {
            socket.receive(using: room) { bytes, _ in datagrams.append(Array(bytes)) }
        }
        return datagrams
    }

    @Test func `many datagrams come in order, with their sender`() throws {
        let receiver = try DatagramSocket(boundTo: try Self.loopback())
        let sender = try DatagramSocket(boundTo: try Self.loopback())
        let address = try Self.loopback(Int(receiver.port))
        let sent = (0..<100).map { [UInt8](repeating: UInt8($0), count: 1 + $0) }
        for datagram in sent { #expect(sender.send(datagram, to: address)) }
        #expect(Self.receive(100, by: receiver) == sent)
        sender.send([1], to: address)
        var senders: [SocketAddress] = []
        let deadline = MonotonicInstant.now() + .seconds(5)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { room.deallocate() }
        while senders.isEmpty, !deadline.hasPassed {
            receiver.receive(using: room) { _, sender in senders.append(sender) }
        }
        #expect(senders == [try Self.loopback(Int(sender.port))])
    }

    @Test func `a datagram that is too large is passed over, and those around it are not`() throws {
        let receiver = try DatagramSocket(boundTo: try Self.loopback())
        let sender = try DatagramSocket(boundTo: try Self.loopback())
        let address = try Self.loopback(Int(receiver.port))
        for count in [100, 101, 50] { sender.send([UInt8](repeating: 7, count: count), to: address) }
        #expect(Self.receive(2, by: receiver, bytes: 100).map(\.count) == [100, 50])
    }

    @Test func `a port that somebody has is in use`() throws {
        let first = try DatagramSocket(boundTo: try Self.loopback())
        let error = #expect(throws: SystemError.self) {
            try DatagramSocket(boundTo: try Self.loopback(Int(first.port)))
        }
        #expect(error?.kind == .inUse)
    }
}
