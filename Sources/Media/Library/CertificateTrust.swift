/// The certificates that are good enough for a camera that speaks TLS.
public enum CertificateTrust: Hashable, Sendable {
    /// Every one: what is sent is encrypted, but anybody may answer.
    case any
    /// One that an authority of the system vouches for, and that bears the name or address of the camera.
    case system
    /// The one with this SHA-256, in hexadecimal digits; nil for none, to learn it from the error.
    case pinned(String?)

    /// Reads `any`, `system`, `pinned`, or `pinned:` with 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "any": self = .any
        case "system": self = .system
        case "pinned": self = .pinned(nil)
        default:
            guard text.hasPrefix("pinned:") else { return nil }
            let digits = text.dropFirst(7)
            guard digits.utf8.count == 64,
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
            else { return nil }
            self = .pinned(String(digits))
        }
    }

    /// The words that `init` reads.
    public var text: String {
        switch self {
        case .any: "any"
        case .system: "system"
        case .pinned(nil): "pinned"
        case .pinned(let digits?): "pinned:\(digits)"
        }
    }
}
