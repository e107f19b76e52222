public import Glibc

/// The address of a socket: an IPv4 or IPv6 address with a port, or the path of a unix socket.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    private enum Form: Hashable, Sendable {
        /// 4 or 16 bytes in network order.
        case internet([UInt8], port: UInt16)
        case unix(path: [UInt8])
    }

    private let form: Form

    /// Creates an internet address; nil for another number of bytes than 4 and 16, or a port outside 0 to 65,535.
    public init?(bytes: [UInt8], port: Int) {
        guard bytes.count == 4 || bytes.count == 16, let port = UInt16(exactly: port) else { return nil }
        form = .internet(bytes, port: port)
    }

    /// Reads what the kernel filled in; nil for other families than IPv4 and IPv6.
    ///
    /// An IPv4 address that is mapped into IPv6 becomes the IPv4 address (RFC 4291, 2.5.5.2).
    public init?(_ storage: sockaddr_storage) {
        switch Int32(storage.ss_family) {
        case AF_INET:
            let address = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in.self) }
            let bytes = withUnsafeBytes(of: address.sin_addr) { Array($0) }
            form = .internet(bytes, port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            let address = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
            let bytes = withUnsafeBytes(of: address.sin6_addr) { Array($0) }
            let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
            form = .internet(isMapped ? Array(bytes[12...]) : bytes, port: UInt16(bigEndian: address.sin6_port))
        default: return nil
        }
    }

    /// Returns an end of a connected socket (getsockname(2), getpeername(2)); nil where there is none.
    public static func local(of descriptor: Int32) -> SocketAddress? { end(of: descriptor, getsockname) }

    /// Returns the other end of a connected socket; nil where there is none.
    public static func peer(of descriptor: Int32) -> SocketAddress? { end(of: descriptor, getpeername) }

    private static func end(
        of descriptor: Int32,
        _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
        }
        return result == 0 ? SocketAddress(storage) : nil
    }

    /// Reads a numeric address, `192.0.2.1` or `2001:db8::1`; nil for names, scopes and everything else.
    public init?(numeric text: String, port: Int) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(bytes: withUnsafeBytes(of: four) { Array($0) }, port: port)
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(bytes: withUnsafeBytes(of: six) { Array($0) }, port: port)
        } else {
            return nil
        }
    }

    /// Creates the address of a unix socket; nil for a path that is empty or does not fit (107 bytes, unix(7)).
    public init?(unixPath path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path), !bytes.contains(0)
        else {
            return nil
        }
        form = .unix(path: bytes)
    }

    /// The bytes of an internet address in network order; empty for a unix socket.
    public var bytes: [UInt8] {
        if case .internet(let bytes, _) = form { bytes } else { [] }
    }

    /// The port; 0 for a unix socket.
    public var port: Int {
        if case .internet(_, let port) = form { Int(port) } else { 0 }
    }

    /// The address family: `AF_INET`, `AF_INET6` or `AF_UNIX`.
    public var family: Int32 {
        switch form {
        case .internet(let bytes, _): bytes.count == 4 ? AF_INET : AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// `192.0.2.1:554`, `[2001:db8::1]:554`, or the path.
    public var description: String {
        switch form {
        case .unix(let path): return String(decoding: path, as: UTF8.self)
        case .internet(let bytes, let port):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "port \(port)" }
            let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return bytes.count == 4 ? "\(host):\(port)" : "[\(host)]:\(port)"
        }
    }

    /// Calls `body` with the address as the system wants it.
    public func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let size = withUnsafeMutableBytes(of: &storage) { fill($0) }
        return withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(size)) }
        }
    }

    /// Writes the form that the kernel reads; returns its size.
    private func fill(_ storage: UnsafeMutableRawBufferPointer) -> Int {
        switch form {
        case .internet(let bytes, let port) where bytes.count == 4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: bytes) }
            storage.storeBytes(of: address, as: sockaddr_in.self)
            return MemoryLayout<sockaddr_in>.size
        case .internet(let bytes, let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: bytes) }
            storage.storeBytes(of: address, as: sockaddr_in6.self)
            return MemoryLayout<sockaddr_in6>.size
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            storage.storeBytes(of: address, as: sockaddr_un.self)
            return MemoryLayout<sockaddr_un>.size
        }
    }
}
