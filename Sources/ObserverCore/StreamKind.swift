/// One of the streams that a camera offers.
package enum StreamKind: String, Codable, CaseIterable, Comparable, Sendable {
    /// The stream in full quality.
    case main
    /// The small stream beside it.
    case sub

    /// The number that stands for it in the database.
    package var number: Int16 {
        switch self {
        case .main: 0
        case .sub: 1
        }
    }

    /// Returns nil for a number that stands for no stream.
    package init?(number: Int16) {
        guard let kind = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = kind
    }

    package static func < (left: StreamKind, right: StreamKind) -> Bool {
        left.number < right.number
    }
}
