import System
import Glibc
import Synchronization
import TestSupport
import Testing

/// A TCP proxy before the store that misbehaves on command.
final class FaultProxy: Sendable {
    enum Mode: Int, Sendable {
        /// As if it were not there.
        case pass
        /// Connections are closed at once.
        case refuse
        /// Requests arrive, answers get lost.
        case loseAnswers
        /// Nothing moves.
        case stall
    }

    let port: Int
    private let listener: Int32
    private let target: UInt16
    private let mode = Atomic<Int>(Mode.pass.rawValue)
    private let isStopped = Atomic<Bool>(false)
    private let connected = Atomic<Bool>(false)

    init(to address: String) throws {
        target = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
        port = try FreePort.next()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let listener = listener
        let bound = Self.withAddress(UInt16(port)) { bind(listener, $0, $1) }
        try #require(bound == 0 && listen(listener, 64) == 0)
        DedicatedThread.start(name: "proxy") { [self] in accept() }
    }

    var endpoint: String { "http://127.0.0.1:\(port)" }

    /// True after the first connection.
    var hasConnection: Bool { connected.load(ordering: .sequentiallyConsistent) }

    func set(_ mode: Mode) { self.mode.store(mode.rawValue, ordering: .sequentiallyConsistent) }

    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private var current: Mode { Mode(rawValue: mode.load(ordering: .sequentiallyConsistent)) ?? .pass }

    private func accept() {
        while !isStopped.load(ordering: .sequentiallyConsistent) {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            connected.store(true, ordering: .sequentiallyConsistent)
            guard current != .refuse else {
                close(client)
                continue
            }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard Self.withAddress(target, { connect(server, $0, $1) }) == 0 else {
                close(client)
                close(server)
                continue
            }
            let forth = DedicatedThread.start(name: "forth") { [self] in pump(client, server, isAnswer: false) }
            let back = DedicatedThread.start(name: "back") { [self] in pump(server, client, isAnswer: true) }
            DedicatedThread.start(name: "close") {
                forth.join()
                back.join()
                close(client)
                close(server)
            }
        }
        close(listener)
    }

    private func pump(_ from: Int32, _ to: Int32, isAnswer: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(from, &buffer, buffer.count)
            while current == .stall, !isStopped.load(ordering: .sequentiallyConsistent) { usleep(10_000) }
            let isLost = current == .refuse || (isAnswer && current == .loseAnswers)
            guard count > 0, !isLost, Self.send(buffer[..<count], to) else { break }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    private static func send(_ bytes: ArraySlice<UInt8>, _ to: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func withAddress<Result>(
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
