import CLibAV
import Encodings

/// An answer of an RTSP server (RFC 2326, 7).
struct RTSPAnswer {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    /// Nil if the bytes are no answer.
    init?(_ bytes: UnsafeRawBufferPointer) {
        // Measured in bytes: text that is no UTF-8 (a Latin-1 product name) gets longer when it is decoded.
        let blank = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: blank) }) else { return nil }
        var lines = String(decoding: bytes[..<end], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { return nil }
        let words = lines.removeFirst().split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("RTSP/"), let status = Int(words[1]) else { return nil }
        self.status = status
        headers = lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (line[..<colon].lowercased(), String(value))
        }
        body = Array(bytes[(end + blank.count)...])
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    func headers(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }
}

/// Proves the knowledge of a password: Digest with MD5 as RTSP servers speak it (RFC 2617), or Basic.
struct RTSPAuthorization {
    private let user: String
    private let password: String
    private var challenge: (isDigest: Bool, realm: String, nonce: String, opaque: String?, hasQop: Bool)?
    private var count = 0

    init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// Takes what the server asks for; false if it is nothing that is known here.
    mutating func take(_ challenges: [String]) -> Bool {
        for wanted in ["digest", "basic"] {
            for text in challenges where text.lowercased().hasPrefix(wanted) {
                let fields = Self.fields(text.dropFirst(wanted.count))
                let algorithm = fields["algorithm"]?.lowercased() ?? "md5"
                guard wanted == "basic" || algorithm == "md5" else { continue }
                let qop = fields["qop"]?.split(separator: ",").contains { $0.filter { $0 != " " } == "auth" } ?? false
                challenge = (wanted == "digest", fields["realm"] ?? "", fields["nonce"] ?? "", fields["opaque"], qop)
                count = 0
                return true
            }
        }
        return false
    }

    /// The header's value for a request; nil as long as nobody asked.
    mutating func header(method: String, address: String, clientNonce: String) -> String? {
        guard let challenge else { return nil }
        guard challenge.isDigest else { return "Basic " + "\(user):\(password)".utf8.base64 }
        count += 1
        // nc-value is eight digits (RFC 7616, section 3.4).
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt32(truncatingIfNeeded: count))
        let counter = bytes.hex
        let first = Self.md5("\(user):\(challenge.realm):\(password)")
        let second = Self.md5("\(method):\(address)")
        let middle = challenge.hasQop ? "\(challenge.nonce):\(counter):\(clientNonce):auth" : challenge.nonce
        var result = "Digest username=\"\(user)\", realm=\"\(challenge.realm)\", nonce=\"\(challenge.nonce)\", "
        result += "uri=\"\(address)\", response=\"\(Self.md5("\(first):\(middle):\(second)"))\""
        if let opaque = challenge.opaque { result += ", opaque=\"\(opaque)\"" }
        if challenge.hasQop { result += ", qop=auth, nc=\(counter), cnonce=\"\(clientNonce)\"" }
        return result
    }

    /// `name=value` pairs, values quoted or not, separated by commas.
    private static func fields(_ text: Substring) -> [String: String] {
        var result: [String: String] = [:]
        var rest = text.drop { $0 == " " }
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].filter { $0 != " " && $0 != "," }.lowercased()
            rest = rest[rest.index(after: equals)...]
            if rest.first == "\"" {
                rest = rest.dropFirst()
                let end = rest.firstIndex(of: "\"") ?? rest.endIndex
                result[name] = String(rest[..<end])
                rest = rest[end...].dropFirst()
            } else {
                let end = rest.firstIndex(of: ",") ?? rest.endIndex
                result[name] = String(rest[..<end])
                rest = rest[end...]
            }
        }
        return result
    }

    static func md5(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var sum = [UInt8](repeating: 0, count: 16)
        av_md5_sum(&sum, bytes, bytes.count)
        return sum.hex
    }
}

/// The part of a session description (RFC 4566) that concerns the video.
struct VideoDescription {
    /// A description with the first video track alone.
    let text: String
    /// The address to give to SETUP.
    let control: String
    /// The address to give to PLAY.
    let session: String

    /// Nil if there is no video over RTP in it.
    init?(_ body: [UInt8], base: String) {
        let lines = String(decoding: body, as: UTF8.self).split { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        let head = lines.prefix { !$0.hasPrefix("m=") }
        let rest = lines.dropFirst(head.count)
        guard let start = rest.firstIndex(where: { $0.hasPrefix("m=video ") && $0.contains(" RTP/AVP") }) else {
            return nil
        }
        let track = [rest[start]] + rest[(start + 1)...].prefix { !$0.hasPrefix("m=") }
        text = (head + track).joined(separator: "\r\n") + "\r\n"
        let whole = Self.control(head).flatMap { $0 == "*" ? nil : $0 }
        session = whole.map { Self.resolve($0, base: base) } ?? base
        guard let own = Self.control(track[...]), own != "*" else {
            control = session
            return
        }
        control = Self.resolve(own, base: session)
    }

    private static func control(_ lines: ArraySlice<Substring>) -> String? {
        lines.first { $0.hasPrefix("a=control:") }.map { String($0.dropFirst(10)) }
    }

    /// As servers mean it, not as RFC 3986 has it: the control is appended to the whole address.
    private static func resolve(_ control: String, base: String) -> String {
        guard !control.contains("://") else { return control }
        return base + (base.hasSuffix("/") ? "" : "/") + control.drop { $0 == "/" }
    }
}
