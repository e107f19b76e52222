import Glibc

/// Sockets of servers that tests play themselves.
public enum LoopbackSocket {
    /// The two kinds of socket.
    public enum Kind: Sendable {
        /// TCP.
        case stream
        /// UDP.
        case datagram
    }

    /// Opens a socket on the loopback interface.
    ///
    /// - Parameters:
    ///   - kind: TCP or UDP.
    ///   - port: The wanted port; any by default.
    /// - Returns: The socket, to be closed by the caller, and its port; nil where the port is not free.
    public static func bound(_ kind: Kind, port: UInt16 = 0) -> (descriptor: Int32, port: Int)? {
        let descriptor = socket(AF_INET, Int32((kind == .stream ? SOCK_STREAM : SOCK_DGRAM).rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            return nil
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Reads the head of a request, RTSP or HTTP, up to its empty line; nil if the other side closes before it.
    public static func readHead(_ connection: Int32) -> String? {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard read(connection, &byte, 1) == 1 else { return nil }
            head.append(byte)
        }
        return String(decoding: head, as: UTF8.self)
    }
}
