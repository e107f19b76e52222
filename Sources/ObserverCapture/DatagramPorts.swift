import System

/// The UDP ports of a camera's tracks: a pair for each, media on the even one and reports on the next (RFC 3550, 11).
///
/// Belongs to the camera's loop.
final class DatagramPorts {
    private static let range: ClosedRange<UInt16> = 20_000...60_000
    private static let attempts = 64

    private let pairs: [(media: DatagramSocket, reports: DatagramSocket)]

    /// The ports of media, one for each track.
    var ports: [UInt16] { pairs.map(\.media.port) }

    /// The descriptor of the first track's media.
    var mediaDescriptor: Int32? { pairs.first?.media.descriptor }

    /// Binds pairs of ports at an address of this machine.
    ///
    /// - Throws: `SystemError` where not enough pairs are free.
    init(count: Int, at address: SocketAddress) throws(SystemError) {
        var made: [(media: DatagramSocket, reports: DatagramSocket)] = []
        for _ in 0..<Self.attempts where made.count < count {
            let port = UInt16.random(in: Self.range) & ~1
            do throws(SystemError) {
                made.append((try Self.bind(address, port: port), try Self.bind(address, port: port + 1)))
            } catch {
                guard error.kind == .inUse else { throw error }
            }
        }
        guard made.count == count else { throw SystemError(.inUse, "no pair of UDP ports is free") }
        pairs = made
    }

    private static func bind(_ address: SocketAddress, port: UInt16) throws(SystemError) -> DatagramSocket {
        guard let local = SocketAddress(bytes: address.bytes, port: Int(port)) else {
            throw SystemError(.failed, "\(address) has no UDP ports")
        }
        return try DatagramSocket(boundTo: local)
    }

    /// Receives what is there from a camera; datagrams of anybody else are passed over.
    ///
    /// - Parameters:
    ///   - senders: The addresses of the camera, in network order.
    ///   - room: Memory for what is received in one call.
    ///   - take: Gets each datagram with the index of its track; its bytes are valid during the call.
    /// - Throws: The error of `take`.
    func receive<Failure: Error>(
        from senders: [[UInt8]],
        using room: UnsafeMutableRawBufferPointer,
        take: (_ track: Int, _ isReport: Bool, UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        for (track, pair) in pairs.enumerated() {
            // Reports first: what they say of the clock is meant for what follows.
            for (isReport, socket) in [(true, pair.reports), (false, pair.media)] {
                try socket.receive(using: room) { (bytes, sender) throws(Failure) in
                    guard senders.contains(sender.bytes) else { return }
                    try take(track, isReport, bytes)
                }
            }
        }
    }

    /// Sends a report about a track; what the network makes of it is of no importance.
    func send(report: [UInt8], track: Int, to address: SocketAddress) {
        guard pairs.indices.contains(track) else { return }
        pairs[track].reports.send(report, to: address)
    }
}
