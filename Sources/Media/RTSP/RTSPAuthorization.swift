import CLibAV
import Encodings

/// Digest (MD5, RFC 2617) or Basic authentication.
struct RTSPAuthorization {
    private let user: String
    private let password: String
    private var challenge: (isDigest: Bool, realm: String, nonce: String, opaque: String?, hasQop: Bool)?
    private var count = 0

    init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// Takes the challenges of a server; returns false if none of them is supported.
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

    /// The value of the `Authorization` header for a request; nil without a challenge.
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
