import System
import Glibc
import Lifecycle
import Media
import ObserverCore
import Synchronization

/// Finds the addresses of cameras, and checks that cameras may be there.
///
/// getaddrinfo(3) cannot be interrupted, so each look-up has a thread of its own and is waited for only so long. What was
/// found is kept for a minute.
final class CameraResolver: Service {
    let name = "resolver"
    private static let limit = Duration.seconds(5)
    private static let keep = Duration.seconds(60)
    /// Look-ups that hang in the resolver; more are refused.
    private static let hanging = 32

    private static let unknown = MediaError(.dns, "the host's name has no address")
    private static let forbidden = MediaError(
        .refused,
        "the address points to where cameras may not be; OBSERVER_CAMERA_NETWORKS sets what is allowed"
    )

    private struct Entry: Sendable {
        var addresses: [IPAddress]
        var until: MonotonicInstant
    }

    /// How often the names of Observer's own servers are looked up again.
    private static let ownServersInterval = Duration.seconds(30)

    private let configured: NetworkPolicy
    private let ownServers: [NetworkPolicy.Server]
    /// The configured policy without the addresses that own servers have at present.
    private let policy: Mutex<NetworkPolicy>
    private let known = Monitor<[String: Entry]>([:])
    private let running = Monitor(0)

    /// Creates a resolver; own servers that have a name are out of reach once it runs.
    init(policy: NetworkPolicy, ownServers: [NetworkPolicy.Server] = []) {
        configured = policy
        self.policy = Mutex(policy)
        self.ownServers = ownServers.filter { IPAddress($0.host) == nil }
    }

    /// Looks up Observer's own servers every 30 s; one that is not found keeps the addresses it had.
    func run(until stop: StopSignal) {
        var found: [String: [IPAddress]] = [:]
        guard !ownServers.isEmpty else { return stop.wait() }
        repeat {
            for host in Set(ownServers.map(\.host)) {
                let addresses = Self.lookUp(host)
                if !addresses.isEmpty { found[host] = addresses }
            }
            let endpoints = ownServers.flatMap { server in
                (found[server.host] ?? []).map { NetworkPolicy.Endpoint(address: $0, port: server.port) }
            }
            policy.withLock { $0 = configured.excluding(endpoints) }
        } while !stop.wait(for: Self.ownServersInterval)
    }

    private func allows(_ address: IPAddress, port: Int) -> Bool {
        policy.withLock { $0 }.allows(address, port: port)
    }

    /// Checks an address before it is opened; every connection is checked again when it is made (`mayConnect`).
    ///
    /// - Returns: The address to open. For RTSP and RTMP its host is a number, so that nothing hangs in a look-up; elsewhere
    ///   the name is needed for TLS or virtual hosts.
    /// - Throws: `dns` or `refused`.
    func admit(_ text: String) throws(MediaError) -> String {
        let url = try parse(text)
        let allowed = try endpoints(of: url)
        guard url.scheme == "rtsp" || url.scheme == "rtmp", url.address == nil, let first = allowed.first else {
            return text
        }
        let host = first.isIPv4 ? first.description : "[\(first)]"
        return "\(url.scheme)://\(host):\(url.port)\(url.rest)"
    }

    /// Checks an address, 4 or 16 bytes, at the moment of a connection.
    ///
    /// - Throws: `refused`.
    func mayConnect(_ bytes: [UInt8], port: Int) throws(MediaError) {
        guard let address = IPAddress(bytes: bytes), allows(address, port: port) else { throw Self.forbidden }
    }

    /// Whether somebody listens at the camera's port; nil is yes.
    func probe(_ text: String, within limit: Duration) -> MediaError? {
        do throws(MediaError) {
            let url = try parse(text)
            let allowed = try endpoints(of: url)
            var last = MediaError(.unreachable, "nothing answers at the camera's address")
            for address in allowed.prefix(2) {
                guard let error = PortProbe.connect(address, port: url.port, within: limit) else { return nil }
                last = error
            }
            return last
        } catch {
            return error
        }
    }

    private func parse(_ text: String) throws(MediaError) -> CameraURL {
        do {
            return try CameraURL.parse(text)
        } catch {
            throw MediaError(.refused, "the address \(error)")
        }
    }

    private func endpoints(of url: CameraURL) throws(MediaError) -> [IPAddress] {
        let addresses: [IPAddress]
        if let address = url.address { addresses = [address] } else { addresses = try resolve(url.host) }
        let allowed = addresses.filter { allows($0, port: url.port) }
        guard !allowed.isEmpty else { throw Self.forbidden }
        return allowed
    }

    private func resolve(_ host: String) throws(MediaError) -> [IPAddress] {
        let now = MonotonicInstant.now()
        if let entry = known.withLock({ $0[host] }), entry.until > now {
            guard !entry.addresses.isEmpty else { throw Self.unknown }
            return entry.addresses
        }
        let isBusy = running.withLock { running -> Bool in
            guard running < Self.hanging else { return true }
            running += 1
            return false
        }
        guard !isBusy else { throw MediaError(.dns, "the resolver does not answer") }
        let result = Monitor<[IPAddress]?>(nil)
        DedicatedThread.start(name: "resolve", stackBytes: 256 * 1024) { [running] in
            let found = Self.lookUp(host)
            result.withLock { $0 = found }
            running.withLock { $0 -= 1 }
        }
        guard let found = result.take(until: now + Self.limit, { $0 }) else {
            throw MediaError(.dns, "the resolver did not answer within 5 s")
        }
        // A name without an address is asked for again soon, but not by every camera every second.
        known.withLock { $0[host] = Entry(addresses: found, until: now + (found.isEmpty ? .seconds(3) : Self.keep)) }
        guard !found.isEmpty else { throw Self.unknown }
        return found
    }

    private static func lookUp(_ host: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var result: [IPAddress] = []
        var next = list
        while let info = next {
            if let address = SocketAddress.address(info.pointee), !result.contains(address) { result.append(address) }
            next = info.pointee.ai_next
        }
        return result
    }
}

/// Between the system's socket addresses and ours.
enum SocketAddress {
    static func address(_ info: addrinfo) -> IPAddress? {
        guard let pointer = UnsafeRawPointer(info.ai_addr) else { return nil }
        switch info.ai_family {
        case AF_INET:
            let address = pointer.loadUnaligned(as: sockaddr_in.self).sin_addr
            return withUnsafeBytes(of: address) { IPAddress(bytes: Array($0)) }
        case AF_INET6:
            let address = pointer.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: address) { IPAddress(bytes: Array($0)) }
        default:
            return nil
        }
    }

    /// Calls `body` with the address as the system wants it.
    static func with<Result>(
        _ address: IPAddress,
        port: Int,
        _ body: (UnsafePointer<sockaddr>, socklen_t, Int32) -> Result
    ) -> Result {
        var storage = sockaddr_storage()
        let isFour = address.isIPv4
        withUnsafeMutableBytes(of: &storage) { bytes in
            let number = UInt16(truncatingIfNeeded: port).bigEndian
            if isFour {
                var socket = sockaddr_in()
                socket.sin_family = sa_family_t(AF_INET)
                socket.sin_port = number
                withUnsafeMutableBytes(of: &socket.sin_addr) { $0.copyBytes(from: address.bytes) }
                bytes.storeBytes(of: socket, as: sockaddr_in.self)
            } else {
                var socket = sockaddr_in6()
                socket.sin6_family = sa_family_t(AF_INET6)
                socket.sin6_port = number
                withUnsafeMutableBytes(of: &socket.sin6_addr) { $0.copyBytes(from: address.bytes) }
                bytes.storeBytes(of: socket, as: sockaddr_in6.self)
            }
        }
        let size = socklen_t(isFour ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
        return withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size, isFour ? AF_INET : AF_INET6) }
        }
    }
}

/// A TCP connection that is made and dropped, to see whether anybody is there.
enum PortProbe {
    /// Nil when somebody is.
    static func connect(_ address: IPAddress, port: Int, within limit: Duration) -> MediaError? {
        SocketAddress.with(address, port: port) { pointer, size, family in
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let file = socket(family, type, 0)
            guard file >= 0 else { return MediaError(.unreachable, "no socket is left", code: errno) }
            defer { close(file) }
            if Glibc.connect(file, pointer, size) == 0 { return nil }
            guard errno == EINPROGRESS else { return error(errno) }
            var poller = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
            guard poll(&poller, 1, Int32(clamping: limit.wholeMilliseconds)) > 0 else { return error(ETIMEDOUT) }
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &length)
            return code == 0 ? nil : error(code)
        }
    }

    private static func error(_ code: Int32) -> MediaError {
        code == ECONNREFUSED
            ? MediaError(.refused, "nothing listens at the camera's port", code: code)
            : MediaError(.unreachable, "nothing answers at the camera's address", code: code)
    }
}

extension Cause {
    /// The cause behind an error of the media library; nil where the end was asked for.
    init?(_ kind: MediaError.Kind) {
        switch kind {
        case .unreachable: self = .unreachable
        case .refused: self = .refused
        case .unauthorized: self = .unauthorized
        case .notFound: self = .notFound
        case .noVideo: self = .noVideo
        case .stalled: self = .stalled
        case .badStream, .file: self = .badStream
        case .dns: self = .dns
        case .stopped: return nil
        }
    }
}
