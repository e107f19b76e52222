/// The rights of a person or a program; each role includes the ones before it.
package enum Role: String, Codable, Sendable, CaseIterable, Comparable {
    /// Sees cameras and recordings.
    case viewer
    /// Also manages cameras.
    case `operator`
    /// Also manages people.
    case admin

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .admin: 2
        }
    }

    package static func < (left: Role, right: Role) -> Bool {
        left.rank < right.rank
    }
}
