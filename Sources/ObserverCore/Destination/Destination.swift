/// A store that recordings are sent to.
///
/// The first is home; the others are optional, and take its place or stand beside it.
package enum Destination: Int, CaseIterable, Comparable, Sendable {
    case home = 1
    case second, third

    /// The word in settings, logs and pages.
    package var word: String {
        switch self {
        case .home: "home"
        case .second: "second"
        case .third: "third"
        }
    }

    /// Finds the destination of a word.
    package init?(word: String) {
        guard let found = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = found
    }

    package static func < (left: Destination, right: Destination) -> Bool { left.rawValue < right.rawValue }
}

/// The destinations that have the object of a segment, as a number of three bits.
package struct DestinationSet: OptionSet, Hashable, Sendable {
    package let rawValue: Int16

    package init(rawValue: Int16) {
        self.rawValue = rawValue
    }

    /// Creates the set of one destination.
    package init(_ destination: Destination) {
        self.init(rawValue: 1 << Int16(destination.rawValue - 1))
    }

    /// Creates the set of some destinations.
    package init(_ destinations: some Sequence<Destination>) {
        self = destinations.reduce(into: []) { $0.insert(DestinationSet($1)) }
    }

    package static let home = DestinationSet(.home)
    package static let second = DestinationSet(.second)
    package static let third = DestinationSet(.third)
    /// All that there can be.
    package static let all = DestinationSet(Destination.allCases)

    /// The destinations in order, home first.
    package var members: [Destination] { Destination.allCases.filter { contains($0) } }

    /// The number of destinations.
    package var count: Int { rawValue.nonzeroBitCount }

    package func contains(_ destination: Destination) -> Bool { contains(DestinationSet(destination)) }

    package mutating func insert(_ destination: Destination) { formUnion(DestinationSet(destination)) }

    package mutating func remove(_ destination: Destination) { subtract(DestinationSet(destination)) }

    /// True for the first one, two or three destinations, which is where segments belong.
    package var isFirst: Bool { rawValue & (rawValue + 1) == 0 }
}
