/// The channels of a track whose packets are interleaved.
struct Channels: Hashable, Sendable {
    let rtp: UInt8
    let rtcp: UInt8
}

/// The `Transport` header of an answer to SETUP (RFC 2326, 12.39).
struct TransportHeader: Hashable, Sendable {
    /// Indicates that the answer names TCP.
    private(set) var isTCP = false
    private(set) var isMulticast = false
    private(set) var interleaved: Channels?
    private(set) var serverPorts: UDPPorts?
    private(set) var clientPorts: UDPPorts?
    /// The ports of a multicast group.
    private(set) var ports: UDPPorts?
    private(set) var source: String?
    private(set) var destination: String?
    private(set) var timeToLive: UInt8?
    private(set) var synchronisationSource: UInt32?

    init(_ text: String) {
        let first = text.split(separator: ",").first { !$0.trimmingBlanks.isEmpty } ?? ""
        for pair in NamedValue.list(first) {
            let value = pair.value ?? ""
            switch pair.name {
            case let name where name.hasPrefix("rtp/"): isTCP = name.hasSuffix("/tcp")
            case "multicast": isMulticast = true
            case "interleaved": interleaved = Self.channels(value)
            case "server_port": serverPorts = Self.ports(value)
            case "client_port": clientPorts = Self.ports(value)
            case "port": ports = Self.ports(value)
            case "source": source = Self.host(value)
            case "destination": destination = Self.host(value)
            case "ttl": timeToLive = value.wholeNumber(UInt8.self)
            case "ssrc": synchronisationSource = UInt32(value, radix: 16)
            default: break
            }
        }
    }

    private static func pair(_ text: String) -> (Int, Int?)? {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard let first = parts.first?.leadingNumber(upTo: 65_535) else { return nil }
        return (first, parts.count == 2 ? parts[1].leadingNumber(upTo: 65_535) : nil)
    }

    private static func channels(_ text: String) -> Channels? {
        guard let (first, second) = pair(text), let rtp = UInt8(exactly: first) else { return nil }
        let rtcp = second.flatMap { UInt8(exactly: $0) } ?? rtp &+ 1
        return Channels(rtp: rtp, rtcp: rtcp == rtp ? rtp &+ 1 : rtcp)
    }

    private static func ports(_ text: String) -> UDPPorts? {
        guard let (first, second) = pair(text), let rtp = UInt16(exactly: first), rtp > 0 else { return nil }
        return UDPPorts(rtp: rtp, rtcp: second.flatMap { UInt16(exactly: $0) } ?? rtp &+ 1)
    }

    /// A host that is more than a placeholder.
    private static func host(_ text: String) -> String? {
        text.isEmpty || text == "0.0.0.0" || text == "::" || text.utf8.count > 255 ? nil : text
    }
}

/// The `Session` header (RFC 2326, 12.37).
struct SessionHeader: Hashable, Sendable {
    /// The text to repeat in each request.
    let id: String
    /// In seconds; nil where none is named.
    let timeout: Int64?

    /// Reads a header; nil without an identifier.
    init?(_ text: String) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        let id = parts[0].trimmingBlanks
        guard !id.isEmpty, id.utf8.count <= 512 else { return nil }
        self.id = id
        let named = NamedValue.list(text).first { $0.name == "timeout" }?.value?.leadingNumber(upTo: 86_400)
        timeout = named.flatMap { $0 > 0 ? Int64($0) : nil }
    }
}

/// The camera's statement about the first packet of a track, from its answer to PLAY (RFC 2326, 12.33).
///
/// It is advice: cameras send zeros, ones, −1, and values of the last session.
public struct RTPInfo: Hashable, Sendable {
    /// The sequence number of the first packet; nil where it is missing or no such number.
    public let sequence: UInt16?
    /// The RTP time of the first packet; nil where it is missing or no such number.
    public let time: UInt32?
    /// The address of the track as written.
    let url: String?

    /// Reads a header; entries that cannot be read are left out.
    static func list(_ text: String) -> [RTPInfo] {
        var entries: [[NamedValue]] = []
        for part in text.split(separator: ",").prefix(64) {
            let pairs = NamedValue.list(part)
            // An address may hold a comma: what names no `url` belongs to the entry before it.
            if pairs.first?.name == "url" || entries.isEmpty {
                entries.append(pairs)
            } else {
                entries[entries.count - 1] += pairs
            }
        }
        return entries.map { pairs in
            let value = { (name: String) in pairs.first { $0.name == name }?.value }
            return RTPInfo(
                sequence: value("seq")?.wholeNumber(UInt16.self),
                time: value("rtptime")?.wholeNumber(UInt32.self),
                url: value("url")
            )
        }
    }
}
