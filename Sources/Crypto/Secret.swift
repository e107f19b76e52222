/// A text that cannot be printed by mistake: a password, a key, a URL that holds one.
///
/// Every description of it is `•••`; only `expose()` returns the text.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// Wraps `text`.
    public init(_ text: String) {
        self.text = text
    }

    /// Returns the text, for the call that needs it and never for a message.
    public func expose() -> String {
        text
    }

    /// Returns true if the text is empty.
    public var isEmpty: Bool { text.isEmpty }

    /// `•••`.
    public var description: String { "•••" }
    /// `•••`.
    public var debugDescription: String { "•••" }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
