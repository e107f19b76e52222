package import ObserverCore
package import System

/// The state of the servers that Observer needs, kept up to date by ``HealthMonitor`` so that a request never waits
/// for a server that hangs.
package final class HealthBoard: Sendable {
    /// The dependencies that are checked in the background.
    package enum Part: String, CaseIterable, Sendable {
        case database
        case broker
        case storage
        case spool
    }

    /// The result of a check.
    package struct Finding: Hashable, Sendable {
        package let isGood: Bool
        /// A few words for an operator; no address and no secret.
        package let detail: String

        /// True if nobody has looked, or not for a while.
        package let isUnknown: Bool

        package init(isGood: Bool, detail: String, isUnknown: Bool = false) {
            self.isGood = isGood
            self.detail = detail
            self.isUnknown = isUnknown
        }
    }

    /// A finding that is older than this says nothing about the present: whoever looks is held up.
    private static let freshness = Duration.seconds(30)

    private let findings = Lock<[Part: (finding: Finding, at: MonotonicInstant)]>([:])
    private let absent = Lock<DestinationSet>([])

    package init() {}

    package func set(_ part: Part, _ finding: Finding, at now: MonotonicInstant = .now()) {
        findings.withLock { $0[part] = (finding, now) }
    }

    /// The stores that did not answer when they were asked last.
    package var away: DestinationSet { absent.withLock { $0 } }

    /// Takes note of the stores that do not answer.
    package func note(away: DestinationSet) {
        absent.withLock { $0 = away }
    }

    /// The latest result; not good before the first check, and none when it is old.
    package func finding(_ part: Part, at now: MonotonicInstant) -> Finding {
        guard let (finding, at) = findings.withLock({ $0[part] }) else {
            return Finding(isGood: false, detail: "not looked at yet", isUnknown: true)
        }
        guard now < at + Self.freshness else {
            return Finding(isGood: false, detail: "not looked at any more", isUnknown: true)
        }
        return finding
    }

    /// The latest result at present.
    package subscript(_ part: Part) -> Finding { finding(part, at: .now()) }
}
