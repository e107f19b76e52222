package import ObserverCore

/// Who makes a request.
package struct Identity: Hashable, Sendable {
    /// How they showed who they are.
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

    /// What forms of this session must carry; empty for a program.
    package var csrf: String {
        if case .session(let csrf) = proof { csrf } else { "" }
    }
}
