/// An error that carries the decision of whoever handles it: a kind to branch on, a sentence for people, a remark on
/// whether waiting helps, and what a person can do.
///
/// Every error type of the house conforms and is created by `init(_ kind:, _ detail:, …)`. Neither `detail` nor `hint`
/// holds a secret, a statement's values or a URL with credentials: both are logged and shown.
public protocol DescribedError: Error, CustomStringConvertible, Sendable {
    /// The kinds of trouble; raw values are camelCase, stable, and appear in logs.
    associatedtype Kind: RawRepresentable, Sendable where Kind.RawValue == String

    /// The kind of trouble, for the caller's decision.
    var kind: Kind { get }
    /// The facts in a few words, for people.
    var detail: String { get }
    /// Returns true if the same call can succeed later without anybody's help.
    var isTemporary: Bool { get }
    /// Advice for a person; nil where there is nothing better than the detail.
    var hint: String? { get }
}

extension DescribedError {
    /// No advice beyond the detail.
    public var hint: String? { nil }

    /// `kind: detail`.
    public var description: String {
        detail.isEmpty ? kind.rawValue : "\(kind.rawValue): \(detail)"
    }

    /// The description with the hint, for a line that stands alone, as in a log.
    public var advice: String {
        hint.map { "\(self); \($0)" } ?? "\(self)"
    }
}
