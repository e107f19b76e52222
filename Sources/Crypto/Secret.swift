/// A text that cannot be printed by mistake: a password, a key, a URL with either in it.
///
/// Every way to show it gives `•••`; only `expose()` gives the text.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// Hides `text`.
    public init(_ text: String) {
        self.text = text
    }

    /// The text itself; for the call that needs it, never for a message.
    public func expose() -> String {
        text
    }

    /// Whether there is no text.
    public var isEmpty: Bool { text.isEmpty }

    /// `•••`.
    public var description: String { "•••" }
    /// `•••`.
    public var debugDescription: String { "•••" }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
