import CSystem
import Glibc

/// A UDP socket that does not block and receives several datagrams in one call, closed when the object goes.
///
/// Belongs to one thread.
public final class DatagramSocket {
    /// The most datagrams of one call, 1 to 64.
    private static let slots = 16

    /// The bound port.
    public let port: UInt16
    /// The descriptor, to wait for; it belongs to this value.
    public let descriptor: Int32
    private var senders = [sockaddr_storage](repeating: sockaddr_storage(), count: slots)
    private var lengths = [Int32](repeating: 0, count: slots)

    /// Binds a socket.
    ///
    /// - Parameters:
    ///   - address: The address and port of this machine; port 0 lets the system choose.
    ///   - receiveBytes: The room for datagrams that wait in the kernel, which may grant less.
    /// - Throws: ``SystemError``, of kind `inUse` where somebody has the port.
    public init(
        boundTo address: SocketAddress,
        receiveBytes: Int32 = 1 << 20
    ) throws(SystemError) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let file = socket(address.family, type, 0)
        guard file >= 0 else { throw SystemError(call: "socket", "\(address)") }
        var size = receiveBytes
        setsockopt(file, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        guard address.withSocketAddress({ Glibc.bind(file, $0, $1) }) == 0 else {
            let code = errno
            close(file)
            throw SystemError(call: "bind", "\(address)", code: code)
        }
        descriptor = file
        port = UInt16(clamping: SocketAddress.local(of: file)?.port ?? address.port)
    }

    deinit {
        close(descriptor)
    }

    /// Receives the datagrams that are there, a bounded number of them.
    ///
    /// - Parameters:
    ///   - room: Memory for 16 datagrams; one that is larger than its share is passed over.
    ///   - take: Gets each datagram with its sender; the bytes are valid during the call.
    /// - Throws: The error of `take`.
    public func receive<Failure: Error>(
        using room: UnsafeMutableRawBufferPointer,
        _ take: (UnsafeRawBufferPointer, SocketAddress) throws(Failure) -> Void
    ) throws(Failure) {
        let slotBytes = min(room.count / Self.slots, 64 << 10)
        guard let base = room.baseAddress, slotBytes > 0 else { return }
        for _ in 0..<256 {
            let slots = Int32(Self.slots)
            let count = observer_receive_datagrams(descriptor, base, slots, Int32(slotBytes), &senders, &lengths)
            guard count > 0 else { return }
            for slot in 0..<Int(count) where lengths[slot] > 0 {
                guard let sender = SocketAddress(senders[slot]) else { continue }
                try take(UnsafeRawBufferPointer(start: base + slot * slotBytes, count: Int(lengths[slot])), sender)
            }
            // Fewer than there is room for have emptied the socket.
            guard count == slots else { return }
        }
    }

    /// Sends a datagram; returns false where the system did not take it.
    @discardableResult
    public func send(_ bytes: [UInt8], to address: SocketAddress) -> Bool {
        address.withSocketAddress { sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) } == bytes.count
    }
}
