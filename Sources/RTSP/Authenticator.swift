import Encodings

/// A hash that Digest authentication uses.
public enum RTSPHashAlgorithm: Hashable, Sendable {
    /// RFC 1321; what nearly all cameras speak.
    case md5
    /// FIPS 180-4; required by newer firmware.
    case sha256
}

/// User name and password of a camera's account.
public struct RTSPCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    let user: String
    let password: String

    /// Creates credentials, both as the user typed them, without percent-encoding.
    public init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// Names neither user nor password.
    public var description: String { "RTSPCredentials" }

    /// Has no children, so that no dump shows the password.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Proves the knowledge of a password with the best method that the camera accepts.
struct Authenticator: Sendable {
    /// The proof that a request carried.
    struct Proof: Hashable, Sendable {
        let kind: Challenge.Kind
        let nonce: String
        /// Indicates that the nonce was made for this very request.
        let isFresh: Bool
    }

    /// The consequence of a 401.
    enum Decision: Hashable {
        case `repeat`
        case refused(RTSPError)
    }

    private let credentials: RTSPCredentials?
    private let hash: @Sendable (RTSPHashAlgorithm, [UInt8]) -> [UInt8]
    private let clientNonce: @Sendable () -> UInt64
    private(set) var challenge: Challenge?
    private var uses: UInt32 = 0
    private var refused: Set<Challenge.Kind> = []
    private var isFresh = false

    init(
        credentials: RTSPCredentials?,
        challenge: Challenge?,
        hash: @escaping @Sendable (RTSPHashAlgorithm, [UInt8]) -> [UInt8],
        clientNonce: @escaping @Sendable () -> UInt64
    ) {
        self.credentials = credentials
        self.challenge = challenge
        self.hash = hash
        self.clientNonce = clientNonce
    }

    // MARK: Answers

    /// Decides how to go on after a 401.
    ///
    /// - Parameters:
    ///   - headers: All values of `WWW-Authenticate`.
    ///   - proof: The proof of the refused request, nil where it had none.
    ///   - attempts: The repetitions of this request so far, because of a stale nonce and altogether.
    /// - Returns: A repetition with the proof that `authorization` then gives, or the end.
    mutating func take(
        _ headers: [String],
        after proof: Proof?,
        attempts: (stale: Int, all: Int)
    ) -> Decision {
        let (known, unknown) = Challenge.list(headers)
        guard credentials != nil else {
            return .refused(RTSPError(.unauthorized, "the camera asks for a user name and a password", status: 401))
        }
        guard attempts.all < RTSPLimits.authenticationAttempts else { return .refused(.refusal(401, to: .describe)) }
        if let proof {
            if let same = known.first(where: { $0.kind == proof.kind }), proof.kind != .basic {
                let isStale = same.isStale && attempts.stale < RTSPLimits.staleAttempts
                // A nonce of an earlier request may just be used up, which not every camera calls stale.
                if isStale || (!proof.isFresh && same.nonce != proof.nonce) { return adopt(same) }
            }
            refused.insert(proof.kind)
        }
        if let next = known.filter({ !refused.contains($0.kind) }).max(by: { $0.kind < $1.kind }) {
            return adopt(next)
        }
        if known.isEmpty, let name = unknown.first {
            let detail = "the camera asks for an unknown kind of authentication, \(name)"
            return .refused(RTSPError(.unauthorized, detail, status: 401))
        }
        return .refused(.refusal(401, to: .describe))
    }

    /// Notes that a request with this proof was accepted, and the nonce that is to be used next (RFC 7616, 3.5).
    mutating func accepted(_ proof: Proof?, information: String?) {
        guard proof != nil else { return }
        refused = []
        isFresh = false
        guard let next = information.flatMap({ Self.nextNonce($0) }), challenge?.kind != .basic else { return }
        challenge?.nonce = next
        uses = 0
    }

    private mutating func adopt(_ next: Challenge) -> Decision {
        challenge = next
        uses = 0
        isFresh = true
        return .repeat
    }

    private static func nextNonce(_ text: String) -> String? {
        NamedValue.list(text, separator: ",").first { $0.name == "nextnonce" }?.value
    }

    // MARK: Requests

    /// The `Authorization` of a request, with a note of what was proved; nil as long as the camera did not ask.
    mutating func authorization(method: RTSPMethod, url: String) -> (header: String, proof: Proof)? {
        guard let challenge, let credentials else { return nil }
        let proof = Proof(kind: challenge.kind, nonce: challenge.nonce, isFresh: isFresh)
        // Any later request uses a nonce that was made for an earlier one.
        isFresh = false
        guard challenge.kind != .basic else {
            return ("Basic \(Array("\(credentials.user):\(credentials.password)".utf8).base64)", proof)
        }
        uses &+= 1
        return (digest(challenge, credentials, method: method, url: url), proof)
    }

    private func digest(
        _ challenge: Challenge,
        _ credentials: RTSPCredentials,
        method: RTSPMethod,
        url: String
    ) -> String {
        let kind = challenge.kind
        let client = Self.digits(clientNonce(), count: 16)
        let count = Self.digits(UInt64(uses), count: 8)
        var secret = digest(kind, "\(credentials.user):\(challenge.realm):\(credentials.password)")
        if kind.isSession { secret = digest(kind, "\(secret):\(challenge.nonce):\(client)") }
        var request = "\(method.rawValue):\(url)"
        // Requests have no body here, so integrity covers an empty one.
        if challenge.quality == .integrity { request += ":" + digest(kind, "") }
        var middle = challenge.nonce
        if let quality = challenge.quality { middle += ":\(count):\(client):\(quality.rawValue)" }
        let response = digest(kind, "\(secret):\(middle):\(digest(kind, request))")
        var header = "Digest username=\"\(Self.quoted(credentials.user))\", realm=\"\(challenge.realm)\""
        header += ", nonce=\"\(challenge.nonce)\""
        header += ", uri=\"\(url)\", response=\"\(response)\""
        if challenge.namesAlgorithm { header += ", algorithm=\(kind.name)" }
        if let opaque = challenge.opaque { header += ", opaque=\"\(opaque)\"" }
        if let quality = challenge.quality {
            header += ", qop=\(quality.rawValue), nc=\(count), cnonce=\"\(client)\""
        } else if kind.isSession {
            header += ", cnonce=\"\(client)\""
        }
        return header
    }

    /// The text of a quoted value: a quotation mark or a line's end in it would end the value early.
    private static func quoted(_ text: String) -> String {
        let quote = UInt8(ascii: "\"")
        let bytes = text.utf8.filter { $0 >= 0x20 }.flatMap { $0 == quote ? [UInt8(ascii: "\\"), quote] : [$0] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func digest(_ kind: Challenge.Kind, _ text: String) -> String {
        hash(kind.algorithm, Array(text.utf8)).hex
    }

    private static func digits(_ number: UInt64, count: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
