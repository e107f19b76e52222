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

    /// The time between two look-ups of Observer's own servers and of this machine's addresses.
    private static let refreshInterval = Duration.seconds(30)
    /// The longest wait for the first look-up of own servers.
    private static let ownServersLimit = Duration.seconds(4)

    private let configured: NetworkPolicy
    private let ownServers: [NetworkPolicy.Server]
    /// The configured policy without the addresses that own servers and this machine have at present; nil while none of the
    /// servers that have a name was looked up.
    private let policy: Monitor<NetworkPolicy?>
    private let interfaces: @Sendable () -> [IPAddress]
    private let known = Monitor<[String: Entry]>([:])
    private let running = Monitor(0)

    /// Creates a resolver; it has to run where own servers have a name: before they were looked up, nothing is opened.
    ///
    /// - Parameters:
    ///   - policy: The addresses that cameras may have.
    ///   - ownServers: Servers that no camera may be.
    ///   - interfaces: Returns the addresses of this machine.
    init(
        policy: NetworkPolicy,
        ownServers: [NetworkPolicy.Server] = [],
        interfaces: @escaping @Sendable () -> [IPAddress] = CameraResolver.machineAddresses
    ) {
        configured = policy
        self.interfaces = interfaces
        let named = ownServers.filter { IPAddress($0.host) == nil }
        self.ownServers = named
        self.policy = Monitor(named.isEmpty ? policy.excluding([], ownAddresses: interfaces()) : nil)
    }

    /// Looks up Observer's own servers and this machine's addresses every 30 s; a server that is not found keeps the
    /// addresses it had.
    func run(until stop: StopSignal) {
        var found: [String: [IPAddress]] = [:]
        repeat {
            for host in Set(ownServers.map(\.host)) {
                let addresses = Self.lookUp(host)
                if !addresses.isEmpty { found[host] = addresses }
            }
            let endpoints = ownServers.flatMap { server in
                (found[server.host] ?? []).map { NetworkPolicy.Endpoint(address: $0, port: server.port) }
            }
            let present = configured.excluding(endpoints, ownAddresses: interfaces())
            policy.withLock { $0 = present }
        } while !stop.wait(for: Self.refreshInterval)
    }

    /// The addresses of this machine's interfaces; none where the system does not tell.
    static func machineAddresses() -> [IPAddress] {
        ((try? NetworkInterfaces.addresses()) ?? []).compactMap { IPAddress(bytes: $0) }
    }

    private func allows(_ address: IPAddress, port: Int) -> Bool {
        present.allows(address, port: port)
    }

    /// The present policy, or the configured one where own servers were not found yet: a name that has no address here leads
    /// nowhere, and recording does not wait for it.
    private var present: NetworkPolicy {
        policy.withLock { $0 } ?? configured.excluding([], ownAddresses: interfaces())
    }

    /// Calls `body` once own servers were looked up, or took too long: at once where that is so, else on a thread that waits.
    private func afterOwnServers(_ body: @escaping @Sendable () -> Void) {
        guard policy.withLock({ $0 }) == nil else { return body() }
        DedicatedThread.start(name: "resolve", stackBytes: 256 * 1024) { [policy] in
            _ = policy.wait(until: .now() + Self.ownServersLimit) { $0 != nil }
            body()
        }
    }

    /// The policy as `observer-media` reads it.
    var allowedNetworks: String { present.text }

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
            let lookUp = AddressLookUp()
            let finish: @Sendable ([IPAddress]) -> Void = { [self] addresses in
                afterOwnServers { [self] in
                    lookUp.finish(allowed(addresses, of: url))
                    ring()
                }
            }
            if let address = url.address { finish([address]) } else { try resolve(url.host, take: finish) }
            return lookUp
        } catch {
            return AddressLookUp(.failure(error))
        }
    }

    private func allowed(_ addresses: [IPAddress], of url: CameraURL) -> Result<[SocketAddress], MediaError> {
        guard !addresses.isEmpty else { return .failure(Self.unknown) }
        let allowed = addresses.filter { allows($0, port: url.port) }
        guard !allowed.isEmpty else { return .failure(Self.forbidden) }
        return .success(allowed.compactMap { SocketAddress(bytes: $0.bytes, port: url.port) })
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
