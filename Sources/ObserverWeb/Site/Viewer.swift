package import ObserverCore

/// The person who looks at a page.
package struct Viewer: Hashable, Sendable {
    package let name: String
    package let role: Role
    /// The token that every form carries.
    package let csrf: String

    package init(name: String, role: Role, csrf: String) {
        self.name = name
        self.role = role
        self.csrf = csrf
    }

    /// True if this person may switch, add, edit and delete cameras.
    var canManage: Bool { role >= .operator }
}
