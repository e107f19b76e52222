import Encodings

/// The broker and the account, read from `amqp://user:password@host:port/vhost` or `amqps://…`.
///
/// The URL is read as in RabbitMQ's URI specification (<https://www.rabbitmq.com/docs/uri-spec>), with percent-encoding in user,
/// password and virtual host, and the query parameters `cacertfile` and `heartbeat` (seconds, 1 to 600) of
/// <https://www.rabbitmq.com/docs/uri-query-parameters>. An empty virtual host means `/`.
public struct AMQPConfiguration: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// True if TLS is used.
    public let isSecure: Bool
    /// The host name or address, without brackets.
    public let host: String
    /// The TCP port.
    public let port: Int
    /// The account's name.
    public let user: String
    /// The virtual host.
    public let virtualHost: String
    /// The PEM file of the certificate authorities for TLS.
    public let authorities: String
    /// The seconds between heartbeats.
    public let heartbeatSeconds: Int
    let password: String

    /// Reads a URL.
    ///
    /// - Throws: ``AMQPError`` of kind `badURL`, which never repeats the URL.
    public init(url text: String) throws(AMQPError) {
        guard let colon = text.firstRange(of: "://") else { throw Self.bad("there is no scheme") }
        switch text[..<colon.lowerBound].lowercased() {
        case "amqp": isSecure = false
        case "amqps": isSecure = true
        default: throw Self.bad("the scheme is neither amqp nor amqps")
        }
        var rest = text[colon.upperBound...]
        guard !text.contains(where: { $0.isWhitespace || $0 == "#" }), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw Self.bad("it holds a character that must be percent-encoded") }

        var query: Substring = ""
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        var path: Substring = ""
        if let slash = rest.firstIndex(of: "/") {
            path = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
        }
        guard !path.contains("/") else { throw Self.bad("a slash in the virtual host must be written %2F") }
        let vhost = try Self.decoded(path, "virtual host")
        virtualHost = vhost.isEmpty ? "/" : vhost

        var credentials: Substring?
        if let at = rest.lastIndex(of: "@") {
            credentials = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        let parts = credentials?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        user = try parts.map { parts throws(AMQPError) in try Self.decoded(parts[0], "user") } ?? "guest"
        if let parts {
            password = parts.count > 1 ? try Self.decoded(parts[1], "password") : ""
        } else {
            password = "guest"
        }
        (host, port) = try Self.address(rest, standard: isSecure ? 5671 : 5672)
        (authorities, heartbeatSeconds) = try Self.parameters(query)
    }

    private static func bad(_ reason: String) -> AMQPError {
        AMQPError(.badURL, "the broker's URL is wrong: \(reason)")
    }

    private static func address(_ text: Substring, standard: Int) throws(AMQPError) -> (String, Int) {
        var host = text
        var portText: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw bad("a bracket is missing in the host") }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { throw bad("the host is wrong") }
            portText = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, text.first == "[" || !host.contains(":") else { throw bad("the host is missing or wrong") }
        guard let portText else { return (String(host), standard) }
        guard let port = Int(portText), (1...65535).contains(port) else { throw bad("the port is not 1 to 65535") }
        return (String(host), port)
    }

    private static func parameters(_ query: Substring) throws(AMQPError) -> (String, Int) {
        var authorities = "/etc/ssl/certs/ca-certificates.crt"
        var heartbeat = 10
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? try decoded(parts[1], "query") : ""
            switch parts[0] {
            case "cacertfile": authorities = value
            case "heartbeat":
                guard let seconds = Int(value), (1...600).contains(seconds) else {
                    throw bad("heartbeat is not 1 to 600")
                }
                heartbeat = seconds
            default: throw bad("unknown query parameter (cacertfile and heartbeat are known)")
            }
        }
        return (authorities, heartbeat)
    }

    private static func decoded(_ text: Substring, _ part: String) throws(AMQPError) -> String {
        guard let bytes = PercentEncoding.decode(text.utf8), !bytes.contains(0) else {
            throw bad("the percent-encoding of the \(part) is broken")
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw bad("the \(part) is not UTF-8") }
        return decoded
    }

    /// The URL without its password.
    public var description: String {
        "\(isSecure ? "amqps" : "amqp")://\(user)@\(host.contains(":") ? "[\(host)]" : host):\(port)/"
            + (virtualHost == "/" ? "" : virtualHost)
    }

    /// The URL without its password.
    public var debugDescription: String { description }

    /// The URL without its password: a dump must not show it.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
