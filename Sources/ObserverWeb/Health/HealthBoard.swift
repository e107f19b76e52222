import Synchronization

/// The state of the servers that Observer needs, kept up to date by ``HealthMonitor`` so that a request never waits
/// for a server that hangs.
package final class HealthBoard: Sendable {
    /// The servers that are looked at in the background.
    package enum Part: String, CaseIterable, Sendable {
        case broker
        case storage
        case spool
    }

    /// How one of them is.
    package struct Finding: Hashable, Sendable {
        package let isGood: Bool
        /// A few words for an operator; no address and no secret.
        package let detail: String

        package init(isGood: Bool, detail: String) {
            self.isGood = isGood
            self.detail = detail
        }
    }

    private let findings = Mutex<[Part: Finding]>([:])

    package init() {}

    package func set(_ part: Part, _ finding: Finding) {
        findings.withLock { $0[part] = finding }
    }

    /// How a server is; not good while it has not been looked at.
    package subscript(_ part: Part) -> Finding {
        findings.withLock { $0[part] } ?? Finding(isGood: false, detail: "not looked at yet")
    }
}
