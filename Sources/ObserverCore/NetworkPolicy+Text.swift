/// The policy as one line, for a process that checks connections itself.
extension NetworkPolicy {
    /// The policy with Observer's own servers, such as `default,10.0.0.0/8:554,!10.0.0.5:5432`.
    package var text: String {
        let ranges = rules.map { rule in
            let range = "\(rule.range.address)/\(rule.range.prefixLength)"
            guard let port = rule.port else { return range }
            return rule.range.address.isIPv4 ? "\(range):\(port)" : "[\(range)]:\(port)"
        }
        let servers = ownServers.map { server in
            server.address.isIPv4 ? "!\(server.address):\(server.port)" : "![\(server.address)]:\(server.port)"
        }
        return ((allowsDefault ? ["default"] : []) + ranges + servers.sorted()).joined(separator: ",")
    }

    /// Reads what `text` wrote; nil for anything else.
    package init?(text: String) {
        var (allowsDefault, rules, servers) = (false, [Rule](), Set<Endpoint>())
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            if entry == "default" {
                allowsDefault = true
            } else if entry.hasPrefix("!") {
                guard let rule = Self.rule(String(entry.dropFirst())), let port = rule.port else { return nil }
                servers.insert(Endpoint(address: rule.range.address, port: port))
            } else {
                guard let rule = Self.rule(String(entry)) else { return nil }
                rules.append(rule)
            }
        }
        self.init(allowsDefault: allowsDefault, rules: rules, ownServers: servers)
    }
}
