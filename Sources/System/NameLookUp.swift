import Glibc

/// Addresses of host names.
public enum NameLookUp {
    /// The addresses of a host (getaddrinfo(3)), each once, 4 or 16 bytes in network order; none where the look-up fails.
    ///
    /// Blocks for as long as the resolver likes and cannot be interrupted: call it on a thread that may hang.
    public static func addresses(of host: String) -> [[UInt8]] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var result: [[UInt8]] = []
        var next = list
        while let info = next {
            if let bytes = bytes(of: info.pointee.ai_addr), !result.contains(bytes) { result.append(bytes) }
            next = info.pointee.ai_next
        }
        return result
    }

    /// The bytes of an internet address; nil for others.
    static func bytes(of address: UnsafePointer<sockaddr>?) -> [UInt8]? {
        guard let pointer = UnsafeRawPointer(address) else { return nil }
        switch Int32(pointer.loadUnaligned(as: sockaddr.self).sa_family) {
        case AF_INET:
            return withUnsafeBytes(of: pointer.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6:
            return withUnsafeBytes(of: pointer.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
        default:
            return nil
        }
    }
}
