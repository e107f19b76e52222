public import Errors

/// A failure to open a server's socket.
public struct FastCGIError: DescribedError, Hashable {
    /// The closed list of causes.
    public enum Kind: String, CaseIterable, Sendable {
        /// The path is empty or too long.
        case badPath
        /// Something that is not a socket is at the path.
        case notASocket
        /// Another process listens at the path.
        case inUse
        /// The system refused.
        case system
    }

    /// The cause.
    public let kind: Kind
    /// The path and the reason.
    public let detail: String

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// True if the same call can succeed later with nothing changed here.
    public var isTemporary: Bool { kind == .inUse }

    /// Advice for an operator.
    public var hint: String? {
        switch kind {
        case .badPath: "choose a shorter path"
        case .notASocket: "remove the file or choose another path"
        case .inUse: "stop the other process or choose another path"
        case .system: "check that the folder exists and may be written"
        }
    }

    /// One line for logs.
    public var description: String {
        "fastcgi \(kind.rawValue): \(detail)" + (hint.map { "; \($0)" } ?? "")
    }
}
