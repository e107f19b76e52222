/// The policy as one line, for a process that checks connections itself.
extension NetworkPolicy {
    /// The policy with what is excluded from it: Observer's own servers with their ports, this machine's addresses without,
    /// such as `default,10.0.0.0/8:554,!10.0.0.5:5432,!10.0.0.6`.
    package var text: String {
        let ranges = rules.map { rule in
            let range = "\(rule.range.address)/\(rule.range.prefixLength)"
            guard let port = rule.port else { return range }
            return rule.range.address.isIPv4 ? "\(range):\(port)" : "[\(range)]:\(port)"
        }
        let servers = ownServers.map { server in
            server.address.isIPv4 ? "!\(server.address):\(server.port)" : "![\(server.address)]:\(server.port)"
        }
        let excluded = servers.sorted() + ownAddresses.map { "!\($0)" }.sorted()
        return ((allowsDefault ? ["default"] : []) + ranges + excluded).joined(separator: ",")
    }

    /// Reads what `text` wrote; nil for anything else.
    package init?(text: String) {
        var (allowsDefault, rules, servers, addresses) = (false, [Rule](), [Endpoint](), [IPAddress]())
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            if entry == "default" {
                allowsDefault = true
            } else if entry.hasPrefix("!") {
                guard let rule = Self.rule(String(entry.dropFirst())) else { return nil }
                if let port = rule.port {
                    servers.append(Endpoint(address: rule.range.address, port: port))
                } else {
                    addresses.append(rule.range.address)
                }
            } else {
                guard let rule = Self.rule(String(entry)) else { return nil }
                rules.append(rule)
            }
        }
        guard allowsDefault || !rules.isEmpty else { return nil }
        self = NetworkPolicy(allowsDefault: allowsDefault, rules: rules).excluding(servers, ownAddresses: addresses)
    }
}
