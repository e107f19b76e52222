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
        guard let bound = LoopbackSocket.bound(.stream, port: port) else { return false }
        close(bound.descriptor)
        return true
    }
}
