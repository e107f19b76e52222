package import Lifecycle
package import ObserverConfiguration
package import ObserverCore
import S3
package import System

/// The addresses of the stores' servers, which nginx is handed with each recording.
///
/// They are looked up by getaddrinfo(3), as the uploader does: nginx's own resolver knows no search domains, no hosts file and
/// no mDNS. A store that moved is found again within seconds; a name that is not found keeps the address it had.
package final class StoreAddresses: Service {
    package let name = "store-names"
    /// The time between two look-ups.
    private static let interval = Duration.seconds(5)
    /// The longest wait for the first look-up of a name.
    private static let patience = Duration.seconds(2)
    /// The time that one of several addresses has to take a connection.
    private static let connectLimit = Duration.seconds(1)

    private struct Server: Sendable {
        let host: String
        let port: Int
    }

    private struct Finding: Sendable {
        /// Nil for a name that was looked up and not found.
        var address: SocketAddress?
    }

    private let servers: [Destination: Server]
    private let lookUp: @Sendable (String) -> [[UInt8]]
    private let known: Monitor<[Destination: Finding]>

    /// Creates the list; it has to run where a server has a name.
    ///
    /// - Parameters:
    ///   - destinations: The stores.
    ///   - lookUp: Returns the addresses of a name; blocks.
    package init(
        _ destinations: [DestinationConfiguration],
        lookUp: @escaping @Sendable (String) -> [[UInt8]] = NameLookUp.addresses
    ) {
        var servers: [Destination: Server] = [:]
        var known: [Destination: Finding] = [:]
        for destination in destinations {
            let place = destination.s3.place
            guard let url = PublicURL("\(place.scheme)://\(place.authority)") else { continue }
            let isNumber = url.host.hasPrefix("[")
            let host = isNumber ? String(url.host.dropFirst().dropLast()) : url.host
            if let address = SocketAddress(numeric: host, port: url.port) {
                known[destination.destination] = Finding(address: address)
            } else {
                servers[destination.destination] = Server(host: host, port: url.port)
            }
        }
        self.servers = servers
        self.lookUp = lookUp
        self.known = Monitor(known)
    }

    /// Looks the names up until stopped, each on a thread of its own: getaddrinfo(3) cannot be interrupted, and one that hangs
    /// holds up neither the others nor the end.
    package func run(until stop: StopSignal) {
        for (destination, server) in servers {
            DedicatedThread.start(name: "store-\(destination.word)", stackBytes: 256 * 1024) { [self] in
                repeat { refresh(destination, server) } while !stop.wait(for: Self.interval)
            }
        }
        stop.wait()
    }

    private func refresh(_ destination: Destination, _ server: Server) {
        let found = lookUp(server.host).compactMap { SocketAddress(bytes: $0, port: server.port) }
        let present = known.withLockUnnoticed { $0[destination]?.address }
        let address = Self.choose(from: found, present: present) { address in
            let limit = MonotonicInstant.now() + Self.connectLimit
            // The connection goes with the value; whatever the reason, the next address is tried.
            return (try? StreamSocket.connect(to: address, until: limit).isConnected) ?? false
        }
        known.withLock { $0[destination] = Finding(address: address) }
    }

    /// Chooses one of the addresses of a name.
    ///
    /// - Parameters:
    ///   - found: The addresses, in the order in which the system would try them; none for a name that was not found.
    ///   - present: The address that was chosen before.
    ///   - answers: Returns true if an address takes a connection; asked only where there are several.
    /// - Returns: The one that answers, and of those the present one first.
    package static func choose(
        from found: [SocketAddress],
        present: SocketAddress?,
        answers: (SocketAddress) -> Bool
    ) -> SocketAddress? {
        guard found.count > 1 else { return found.first ?? present }
        // An address of the link alone needs the name of the link, which nginx cannot be told.
        let (here, usable) = (found.filter(isOfLink), found.filter { !isOfLink($0) })
        let kept = usable.filter { $0 == present }
        let candidates = kept + usable.filter { $0 != present } + here
        return candidates.first(where: answers) ?? candidates.first
    }

    private static func isOfLink(_ address: SocketAddress) -> Bool {
        address.bytes.count == 16 && address.bytes[0] == 0xFE && address.bytes[1] & 0xC0 == 0x80
    }

    /// The address of a store's server as it stands in a URL, `192.0.2.1` or `[2001:db8::1]`; nil while its name has none.
    package func host(of destination: Destination) -> String? {
        _ = known.wait(until: .now() + Self.patience) { $0[destination] != nil }
        guard let address = known.withLockUnnoticed({ $0[destination]?.address }) else { return nil }
        return String(address.description.dropLast(":\(address.port)".utf8.count))
    }

    /// The stores whose names are known to have no address.
    package var unknown: DestinationSet {
        let missing = known.withLockUnnoticed { known in known.filter { $0.value.address == nil }.map(\.key) }
        return DestinationSet(missing)
    }
}
