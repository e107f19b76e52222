package import ObserverCore

/// The person who looks at a page.
package struct Viewer: Hashable, Sendable {
    package let name: String
    package let role: Role
    /// The token that every form carries.
    package let csrf: String
    /// The time zone in which times are shown.
    package let zone: TimeZoneRules

    package init(name: String, role: Role, csrf: String, zone: TimeZoneRules = .utc) {
        self.name = name
        self.role = role
        self.csrf = csrf
        self.zone = zone
    }

    /// True if this person may switch, add, edit and delete cameras.
    var canManage: Bool { role >= .operator }
}
