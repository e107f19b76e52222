package import ObserverCore

/// The user or program behind a request.
package struct Identity: Hashable, Sendable {
    /// The kind of credentials.
    package enum Proof: Hashable, Sendable {
        /// A browser that is signed in; `csrf` is what its forms must carry.
        case session(csrf: String)
        /// A program.
        case token(id: Int64)
    }

    /// The name of the user or token.
    package let name: String
    package let role: Role
    package let proof: Proof
    /// The name of the time zone of the user's choice; nil: that of the browser.
    package var zone: String?

    /// The name under which changes are kept.
    package var actor: Actor {
        switch proof {
        case .session: .user(name)
        case .token: .token(name)
        }
    }

    /// The token that forms of this session carry; empty for a program.
    package var csrf: String {
        if case .session(let csrf) = proof { csrf } else { "" }
    }
}
