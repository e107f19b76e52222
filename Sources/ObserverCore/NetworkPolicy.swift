/// The addresses that cameras may have.
///
/// A camera's URL comes from outside, and the recorder opens it from inside the network: without this rule it would be a
/// way to reach what only the recorder can reach. The address is checked after the name was resolved.
package struct NetworkPolicy: Sendable, Hashable {
    /// An allowed range; with a port, only that port of it.
    package struct Rule: Sendable, Hashable {
        package let range: AddressRange
        package let port: Int?
    }

    /// Everything but loopback, the link, and the services that clouds offer on reserved addresses.
    ///
    /// The addresses that the machine has at present are added by ``excluding(_:ownAddresses:)``.
    package static let standard = NetworkPolicy(allowsDefault: true, rules: [])

    /// This host, its link, and the metadata services of clouds: on the link and at addresses of their own (Alibaba, Azure,
    /// Oracle, AWS, Google).
    private static let forbidden: [AddressRange] = [
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "255.255.255.255", "100.100.100.200", "168.63.129.16",
        "192.0.0.192", "::", "::1", "fe80::/10", "fd00:ec2::254", "fd20:ce::254",
    ].compactMap { AddressRange($0) }

    let allowsDefault: Bool
    let rules: [Rule]
    private(set) var ownServers: Set<Endpoint> = []
    /// The addresses of this machine, where anything that listens could be reached.
    private(set) var ownAddresses: Set<IPAddress> = []

    /// A server of Observer's own, by the name or address that a setting gives.
    package struct Server: Hashable, Sendable {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// An address and a port.
    package struct Endpoint: Hashable, Sendable {
        package let address: IPAddress
        package let port: Int

        package init(address: IPAddress, port: Int) {
            self.address = address
            self.port = port
        }
    }

    init(allowsDefault: Bool, rules: [Rule]) {
        self.allowsDefault = allowsDefault
        self.rules = rules
    }

    /// Reads a list with commas: `default`, ranges, ranges with a port (`127.0.0.1/32:8554`, `[fd00::/8]:554`).
    package init(parsing text: String) throws(NetworkPolicyError) {
        var allowsDefault = false
        var rules: [Rule] = []
        for part in text.split(separator: ",") {
            let entry = part.filter { $0 != " " }
            if entry == "default" {
                allowsDefault = true
            } else if let rule = Self.rule(entry) {
                rules.append(rule)
            } else {
                throw NetworkPolicyError(.unknownEntry, String(entry))
            }
        }
        guard allowsDefault || !rules.isEmpty else { throw NetworkPolicyError(.unknownEntry, text) }
        self.init(allowsDefault: allowsDefault, rules: rules)
    }

    static func rule(_ entry: String) -> Rule? {
        if let range = AddressRange(entry) { return Rule(range: range, port: nil) }
        guard let colon = entry.lastIndex(of: ":"), let port = Int(entry[entry.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var address = entry[..<colon]
        if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        guard let range = AddressRange(String(address)) else { return nil }
        return Rule(range: range, port: port)
    }

    /// Returns the policy without Observer's own servers and the addresses of this machine.
    ///
    /// The servers are never allowed, whatever the ranges say, and by default nothing else on their addresses is: stores and
    /// brokers have more ports than the one that is known. Nor is this machine by any of its addresses: what listens on all
    /// of them takes a request from here for one from within. A range may allow a camera there.
    package func excluding(_ servers: [Endpoint], ownAddresses: [IPAddress] = []) -> NetworkPolicy {
        var result = self
        result.ownServers.formUnion(servers)
        result.ownAddresses.formUnion(ownAddresses)
        return result
    }

    package func allows(_ address: IPAddress, port: Int) -> Bool {
        if ownServers.contains(Endpoint(address: address, port: port)) { return false }
        if rules.contains(where: { $0.range.contains(address) && ($0.port ?? port) == port }) { return true }
        return allowsDefault && !Self.forbidden.contains { $0.contains(address) } && !ownAddresses.contains(address)
            && !ownServers.contains { $0.address == address }
    }
}
