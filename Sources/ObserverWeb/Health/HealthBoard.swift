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

    package init() {}

    package func set(_ part: Part, _ finding: Finding) {
        findings.withLock { $0[part] = finding }
    }

    /// The latest result; not good before the first check.
    package subscript(_ part: Part) -> Finding {
        findings.withLock { $0[part] } ?? Finding(isGood: false, detail: "not looked at yet")
    }
}
