/// A server's demand for a proof of identity (RFC 7616, 3.3; RFC 7617).
struct Challenge: Hashable, Sendable {
    /// The kinds of proof, weakest first.
    enum Kind: Int, Hashable, Sendable, Comparable {
        case basic
        case md5Session
        case md5
        case sha256Session
        case sha256

        static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }

        var algorithm: RTSPHashAlgorithm { self == .sha256 || self == .sha256Session ? .sha256 : .md5 }
        var isSession: Bool { self == .md5Session || self == .sha256Session }
        /// The name in the header.
        var name: String {
            switch self {
            case .basic: "Basic"
            case .md5: "MD5"
            case .md5Session: "MD5-sess"
            case .sha256: "SHA-256"
            case .sha256Session: "SHA-256-sess"
            }
        }
    }

    /// The protection that a proof can add.
    enum Quality: String, Hashable, Sendable {
        case authentication = "auth"
        case integrity = "auth-int"
    }

    let kind: Kind
    let realm: String
    var nonce: String
    let opaque: String?
    let quality: Quality?
    let isStale: Bool
    /// Indicates that the algorithm is to be named in the proof.
    let namesAlgorithm: Bool

    /// Reads all challenges of an answer; `unknown` has the names of kinds that are not understood.
    static func list(_ headers: [String]) -> (known: [Challenge], unknown: [String]) {
        var known: [Challenge] = []
        var unknown: [String] = []
        for scheme in headers.flatMap(Self.schemes) {
            switch scheme.name.lowercased() {
            case "basic": known.append(Challenge(kind: .basic, scheme.values))
            case "digest":
                let algorithm = scheme.values["algorithm"] ?? "MD5"
                if let kind = Self.kind(algorithm) {
                    known.append(Challenge(kind: kind, scheme.values))
                } else {
                    unknown.append(algorithm)
                }
            default: unknown.append(scheme.name)
            }
        }
        return (known, unknown.map { String($0.prefix(24)) })
    }

    private init(kind: Kind, _ values: [String: String]) {
        self.kind = kind
        realm = values["realm"] ?? ""
        nonce = values["nonce"] ?? ""
        opaque = values["opaque"]
        let offered = values["qop"]?.lowercased().split { $0 == "," || $0 == " " } ?? []
        quality =
            offered.contains("auth") ? .authentication : offered.contains("auth-int") ? .integrity : nil
        isStale = values["stale"]?.lowercased() == "true"
        namesAlgorithm = values["algorithm"] != nil
    }

    private static func kind(_ algorithm: String) -> Kind? {
        switch algorithm.lowercased() {
        case "md5", "": .md5
        case "md5-sess": .md5Session
        case "sha-256", "sha256": .sha256
        case "sha-256-sess", "sha256-sess": .sha256Session
        default: nil
        }
    }

    // MARK: Reading

    private struct Scheme {
        let name: String
        /// By name in lower case; the first of each counts.
        var values: [String: String] = [:]
    }

    /// Takes a header apart: several challenges may follow each other, separated like their own parameters.
    private static func schemes(_ text: String) -> [Scheme] {
        var result: [Scheme] = []
        var rest = Array(text.utf8)[...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x2C || $0 == 0x09 }
            guard !rest.isEmpty, result.count < 16 else { return result }
            let word = token(&rest)
            let afterBlanks = rest.drop { $0 == 0x20 }
            if afterBlanks.first == UInt8(ascii: "=") {
                rest = afterBlanks.dropFirst().drop { $0 == 0x20 }
                let value = value(&rest)
                guard !result.isEmpty else { continue }
                let name = word.lowercased()
                if result[result.count - 1].values[name] == nil { result[result.count - 1].values[name] = value }
            } else if word.isEmpty {
                rest = rest.dropFirst()
            } else {
                result.append(Scheme(name: word))
            }
        }
    }

    private static func token(_ rest: inout ArraySlice<UInt8>) -> String {
        let word = rest.prefix { $0 > 0x20 && $0 != 0x2C && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") }
        rest = rest.dropFirst(word.count)
        return String(decoding: word, as: UTF8.self)
    }

    /// A quoted or a bare value; a quotation mark that is never closed reaches to the end.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> String {
        guard rest.first == UInt8(ascii: "\"") else {
            let word = rest.prefix { $0 != 0x2C && $0 != 0x20 }
            rest = rest.dropFirst(word.count)
            return String(decoding: word, as: UTF8.self)
        }
        rest = rest.dropFirst()
        // Escapes stay as they are: the proof repeats and hashes the letters that were sent.
        var count = 0
        var isEscaped = false
        for byte in rest {
            if byte == UInt8(ascii: "\""), !isEscaped { break }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            count += 1
        }
        let word = rest.prefix(count)
        rest = rest.dropFirst(count + 1)
        return String(decoding: word, as: UTF8.self)
    }
}
