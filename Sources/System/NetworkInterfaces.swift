import Glibc

/// The network interfaces of this machine.
public enum NetworkInterfaces {
    /// The addresses that this machine has now, each once, 4 or 16 bytes in network order (getifaddrs(3)).
    ///
    /// Interfaces come and go, and addresses with them: whoever decides by them asks again.
    public static func addresses() throws(SystemError) -> [[UInt8]] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { throw SystemError(call: "getifaddrs", "of this machine") }
        defer { freeifaddrs(list) }
        var result: [[UInt8]] = []
        var next = list
        while let interface = next {
            if let bytes = NameLookUp.bytes(of: interface.pointee.ifa_addr), !result.contains(bytes) {
                result.append(bytes)
            }
            next = interface.pointee.ifa_next
        }
        return result
    }
}
