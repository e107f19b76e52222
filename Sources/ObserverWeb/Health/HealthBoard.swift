package import ObserverCore
import System

/// The state of the servers that Observer needs, kept up to date by ``HealthMonitor`` so that a request never waits
/// for a server that hangs.
package final class HealthBoard: Sendable {
    /// The dependencies that are checked in the background.
    package enum Part: String, CaseIterable, Sendable {
        case broker
        case storage
        case spool
    }

    /// The result of a check.
    package struct Finding: Hashable, Sendable {
        package let isGood: Bool
        /// A few words for an operator; no address and no secret.
        package let detail: String

        package init(isGood: Bool, detail: String) {
            self.isGood = isGood
            self.detail = detail
        }
    }

    private let findings = Lock<[Part: Finding]>([:])
    private let absent = Lock<DestinationSet>([])

    package init() {}

    package func set(_ part: Part, _ finding: Finding) {
        findings.withLock { $0[part] = finding }
    }

    /// The stores that did not answer when they were asked last.
    package var away: DestinationSet { absent.withLock { $0 } }

    /// Takes note of the stores that do not answer.
    package func note(away: DestinationSet) {
        absent.withLock { $0 = away }
    }

    /// The latest result; not good before the first check.
    package subscript(_ part: Part) -> Finding {
        findings.withLock { $0[part] } ?? Finding(isGood: false, detail: "not looked at yet")
    }
}
