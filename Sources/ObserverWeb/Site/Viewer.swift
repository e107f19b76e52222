package import ObserverCore

/// Who looks at a page.
package struct Viewer: Hashable, Sendable {
    package let name: String
    package let role: Role
    /// What every form must carry.
    package let csrf: String

    package init(name: String, role: Role, csrf: String) {
        self.name = name
        self.role = role
        self.csrf = csrf
    }

    /// Whether this person may switch, add, edit and delete cameras.
    var canManage: Bool { role >= .operator }
}
