import Glibc
import System

/// Loopback ports for the servers that tests start.
public enum FreePort {
    /// None of the drawn ports was free.
    public struct NoneFree: Error {}

    private static let given = Lock<Set<UInt16>>([])

    /// A port that nothing listens on and that this process has not been given before.
    ///
    /// It lies below the range that the kernel hands out to clients (32768 and up), so that no connection of another test
    /// takes it before the server does.
    ///
    /// - Throws: When not one of a hundred drawn ports is free.
    public static func next() throws -> Int {
        for _ in 0..<100 {
            let port = UInt16.random(in: 20_000..<32_000)
            if isFree(port), given.withLock({ $0.insert(port).inserted }) { return Int(port) }
        }
        throw NoneFree()
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(descriptor, name, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
