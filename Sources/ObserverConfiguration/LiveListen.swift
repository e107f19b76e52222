package import System

/// The place at which a recorder serves live pictures to nginx.
package enum LiveListen: Hashable, Sendable {
    /// A unix socket in this folder, named by the recorder.
    case folder(String)
    /// An address that nginx can reach.
    case address(SocketAddress)

    /// The longest path that fits into `sockaddr_un` (unix(7)).
    static let socketPathLimit = 107

    /// Reads `/run/observer` or `192.0.2.5:7000` or `[2001:db8::5]:7000`; nil for everything else.
    init?(_ text: String) {
        if text.hasPrefix("/") {
            self = .folder(text.hasSuffix("/") && text.utf8.count > 1 ? String(text.dropLast()) : text)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            1...65_535 ~= port
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard let address = SocketAddress(numeric: String(host), port: port), address.bytes.contains(where: { $0 != 0 })
        else { return nil }
        self = .address(address)
    }

    /// The path of a recorder's socket.
    package static func socket(in folder: String, recorder: String) -> String { "\(folder)/live-\(recorder).sock" }

    /// The place as logs show it.
    package func text(of recorder: String) -> String {
        switch self {
        case .folder(let folder): Self.socket(in: folder, recorder: recorder)
        case .address(let address): address.description
        }
    }

    /// The place as other programs are told of it: `unix` for the socket in nginx's folder, or the address.
    package var announced: String {
        switch self {
        case .folder: "unix"
        case .address(let address): address.description
        }
    }
}

extension SettingsReader {
    /// The place for live pictures; nil where there are none.
    mutating func live(of recorder: String) -> LiveListen? {
        guard let text = given(.liveListen), !text.isEmpty else { return nil }
        guard let place = LiveListen(text) else {
            reject(text, for: .liveListen)
            return nil
        }
        if case .folder(let folder) = place,
            LiveListen.socket(in: folder, recorder: recorder).utf8.count > LiveListen.socketPathLimit
        {
            reject(text, for: .liveListen, because: "the path of the socket would be longer than 107 bytes")
        }
        return place
    }
}
