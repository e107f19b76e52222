import System
import Lifecycle
import Media
import ObserverCore

/// Resolves the host names of cameras and applies the network policy to their addresses.
///
/// getaddrinfo(3) cannot be interrupted, so each look-up has a thread of its own and a time limit. Results are kept for a
/// minute.
final class CameraResolver: Service {
    let name = "resolver"
    /// The time for which an address is kept.
    private static let lifetime = Duration.seconds(60)
    /// Look-ups at the same time, at most; they may hang in the resolver.
    private static let lookUpCount = 32

    private static let unknown = MediaError(.dns, "the host's name has no address")
    private static let forbidden = MediaError(
        .refused,
        "the address points to where cameras may not be; OBSERVER_CAMERA_NETWORKS sets what is allowed"
    )

    private struct Entry: Sendable {
        var addresses: [IPAddress]
        var until: MonotonicInstant
    }

    /// The time between two look-ups of Observer's own servers.
    private static let ownServersInterval = Duration.seconds(30)

    private let configured: NetworkPolicy
    private let ownServers: [NetworkPolicy.Server]
    /// The configured policy without the addresses that own servers have at present.
    private let policy: Lock<NetworkPolicy>
    private let known = Monitor<[String: Entry]>([:])
    private let running = Monitor(0)

    /// Creates a resolver; own servers that have a name are out of reach once it runs.
    init(policy: NetworkPolicy, ownServers: [NetworkPolicy.Server] = []) {
        configured = policy
        self.policy = Lock(policy)
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

    /// The policy as `observer-media` reads it.
    var allowedNetworks: String { policy.withLock { $0 }.text }

    /// The address of a stream with a number in place of the host's name, so that no process hangs in a look-up.
    ///
    /// Only RTSP and RTMP go without the name; elsewhere TLS or virtual hosts need it.
    func numbered(_ text: String, _ address: SocketAddress?) -> String {
        guard let url = try? parse(text), url.scheme == "rtsp" || url.scheme == "rtmp", url.address == nil,
            let number = address.flatMap({ IPAddress(bytes: $0.bytes) })
        else { return text }
        let host = number.isIPv4 ? number.description : "[\(number)]"
        return "\(url.scheme)://\(host):\(url.port)\(url.rest)"
    }

    /// Looks up the addresses of a camera that may be reached, without blocking.
    ///
    /// - Parameters:
    ///   - text: The address of the camera's stream.
    ///   - ring: Called on another thread when a look-up that took its time has ended.
    /// - Returns: The look-up; its error is `dns` or `refused`.
    func addresses(of text: String, ring: @escaping @Sendable () -> Void) -> AddressLookUp {
        do throws(MediaError) {
            let url = try parse(text)
            if let address = url.address { return AddressLookUp(.success(try allowed([address], of: url))) }
            let lookUp = AddressLookUp()
            try resolve(url.host) { [self] addresses in
                do throws(MediaError) {
                    guard !addresses.isEmpty else { throw Self.unknown }
                    lookUp.finish(.success(try allowed(addresses, of: url)))
                } catch {
                    lookUp.finish(.failure(error))
                }
                ring()
            }
            return lookUp
        } catch {
            return AddressLookUp(.failure(error))
        }
    }

    private func allowed(_ addresses: [IPAddress], of url: CameraURL) throws(MediaError) -> [SocketAddress] {
        let allowed = addresses.filter { allows($0, port: url.port) }
        guard !allowed.isEmpty else { throw Self.forbidden }
        return allowed.compactMap { SocketAddress(bytes: $0.bytes, port: url.port) }
    }

    /// Checks an address, 4 or 16 bytes, at the moment of a connection.
    ///
    /// - Throws: `refused`.
    func mayConnect(_ bytes: [UInt8], port: Int) throws(MediaError) {
        guard let address = IPAddress(bytes: bytes), allows(address, port: port) else { throw Self.forbidden }
    }

    private func parse(_ text: String) throws(MediaError) -> CameraURL {
        do {
            return try CameraURL.parse(text)
        } catch {
            throw MediaError(.refused, "the address \(error.detail)")
        }
    }

    /// Finds the addresses of a name, at once where they are known, or on a thread of its own.
    ///
    /// A name that is not found keeps the addresses that it had: a camera does not move because a name server is away.
    private func resolve(
        _ host: String,
        take: @escaping @Sendable ([IPAddress]) -> Void
    ) throws(MediaError) {
        let now = MonotonicInstant.now()
        if let entry = known.withLock({ $0[host] }), entry.until > now { return take(entry.addresses) }
        let isBusy = running.withLock { running -> Bool in
            guard running < Self.lookUpCount else { return true }
            running += 1
            return false
        }
        guard !isBusy else { throw MediaError(.dns, "the resolver does not answer") }
        DedicatedThread.start(name: "resolve", stackBytes: 256 * 1024) { [running, known] in
            let found = Self.lookUp(host)
            running.withLock { $0 -= 1 }
            // A name without an address is looked up again soon, but not by every camera every second.
            let until = MonotonicInstant.now() + (found.isEmpty ? .seconds(3) : Self.lifetime)
            let addresses = known.withLock { known in
                let addresses = found.isEmpty ? known[host]?.addresses ?? [] : found
                known[host] = Entry(addresses: addresses, until: until)
                return addresses
            }
            take(addresses)
        }
    }

    private static func lookUp(_ host: String) -> [IPAddress] {
        NameLookUp.addresses(of: host).compactMap { IPAddress(bytes: $0) }.reduce(into: []) { addresses, address in
            // A mapped address and the address it stands for are the same.
            if !addresses.contains(address) { addresses.append(address) }
        }
    }
}
