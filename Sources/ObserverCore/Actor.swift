/// The originator of a change, as it is kept with the change.
package enum Actor: Hashable, Sendable, CustomStringConvertible {
    /// A person who is signed in.
    case user(String)
    /// A program with an API token.
    case token(String)
    /// An operator with access to the database.
    case observerctl

    /// `user:admin`, `token:script`, `observerctl`.
    package var description: String {
        switch self {
        case .user(let name): "user:\(name)"
        case .token(let name): "token:\(name)"
        case .observerctl: "observerctl"
        }
    }
}
