import TemporaryFolders
import FastCGI
import Glibc
import Testing

@Suite struct FastCGIListenerTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.path + "/socket" }

    private func open(_ other: String? = nil) throws -> FastCGIServer {
        try FastCGIServer(FastCGIConfiguration(socketPath: other ?? path, threads: 1))
    }

    @Test func `the socket is for owner and group alone`() throws {
        let server = try open()
        var facts = stat()
        #expect(stat(path, &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o660)
        withExtendedLifetime(server) {}
    }

    @Test func `a socket in use is left alone, a left-over is replaced`() throws {
        do {
            let server = try open()
            let error = #expect(throws: FastCGIError.self) { try open() }
            #expect(error?.kind == .inUse)
            withExtendedLifetime(server) {}
        }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(descriptor)
        _ = try open()
    }

    @Test(arguments: [
        ("", FastCGIError.Kind.badPath), ("/" + String(repeating: "x", count: 108), .badPath),
        ("/nowhere/at/all.sock", .system), ("/etc/passwd", .notASocket),
    ])
    func `a path that is no place for a socket is refused`(path: String, kind: FastCGIError.Kind) {
        #expect(#expect(throws: FastCGIError.self) { try open(path) }?.kind == kind)
    }
}
