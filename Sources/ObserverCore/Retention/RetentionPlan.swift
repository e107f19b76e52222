/// The deletions that follow from the rules at one moment.
///
/// Whole hours go, the oldest first. Never deleted are what waits for its upload, what is held, and the present hour with
/// the one before it; to save room, never the newest hour of a stream and nothing younger than its shortest days. A plan
/// that was carried out leaves nothing to do for the next one of the same hour.
package struct RetentionPlan: Sendable {
    /// The rules and what they are about.
    package struct Facts: Sendable {
        package var policies: [RetentionPolicy]
        package var cameras: [RetentionCamera]
        /// The sum of all recordings of each stream.
        package var totals: [StreamID: RetentionSum]
        /// The oldest hours, in any order; those that are left out are younger than these.
        package var hours: [RetentionHour]

        package init(
            policies: [RetentionPolicy],
            cameras: [RetentionCamera],
            totals: [StreamID: RetentionSum],
            hours: [RetentionHour]
        ) {
            self.policies = policies
            self.cameras = cameras
            self.totals = totals
            self.hours = hours
        }
    }

    /// A size that cannot be kept to.
    package struct Excess: Hashable, Sendable {
        package var scope: RetentionScope
        /// The bytes that remain beyond the limit.
        package var bytes: Int64
    }

    /// At most one for a stream, by stream.
    package private(set) var deletions: [RetentionDeletion] = []
    /// The sizes that remain exceeded, because what remains is too new, held or waits for its upload.
    package private(set) var excesses: [Excess] = []

    private let now: Timestamp
    private let cameras: [CameraID: RetentionCamera]
    private let days: [CameraID: RetentionDays]
    /// By age, the oldest first.
    private let hours: [RetentionHour]
    private var cuts: [StreamID: (before: Timestamp, reason: RetentionDeletion.Reason)] = [:]

    /// Plans.
    package init(_ facts: Facts, at now: Timestamp) {
        self.now = now
        cameras = Dictionary(facts.cameras.map { ($0.id, $0) }) { first, _ in first }
        days = cameras.mapValues { RetentionDays(of: $0, facts.policies) }
        hours = facts.hours.sorted { ($0.age, $0.hour, $0.stream) < ($1.age, $1.hour, $1.stream) }
        for stream in Set(hours.map(\.stream)) { cutByAge(stream) }
        let newest = Dictionary(hours.map { ($0.stream, $0.age) }) { max($0, $1) }
        for policy in facts.policies { cutBySize(policy, totals: facts.totals, newest: newest) }
        deletions = makeDeletions()
        excesses = facts.policies.compactMap { policy in
            let excess = bytes(in: policy.scope, of: facts.totals) - max(policy.limits.mostBytes ?? .max, 0)
            return excess > 0 ? Excess(scope: policy.scope, bytes: excess) : nil
        }
    }

    /// The moment before which recordings of a camera go for their age.
    package static func horizon(longestDays: Int, at now: Timestamp) -> Timestamp {
        now.advanced(bySeconds: Int64(max(longestDays, 0)).multipliedSaturated(by: -86_400)).startOfHour
    }

    /// The present hour and the one before are not touched.
    private var latest: Timestamp { now.startOfHour.advanced(bySeconds: -3600) }

    private mutating func cutByAge(_ stream: StreamID) {
        // A camera that nobody knows keeps its recordings.
        guard let camera = cameras[stream.camera], let days = days[stream.camera] else { return }
        if camera.isDiscarded {
            cuts[stream] = (now.startOfHour.advanced(bySeconds: 3600), .camera)
        } else {
            cuts[stream] = (min(Self.horizon(longestDays: days.longest, at: now), latest), .age)
        }
    }

    private mutating func cutBySize(
        _ policy: RetentionPolicy,
        totals: [StreamID: RetentionSum],
        newest: [StreamID: Timestamp]
    ) {
        guard let most = policy.limits.mostBytes else { return }
        var bytes = bytes(in: policy.scope, of: totals)
        for hour in hours.filter({ isIncluded($0.stream, in: policy.scope) && !isCut($0) }) {
            guard bytes > most else { break }
            if !isCut(hour) {
                guard hour.age <= latest, newest[hour.stream].map({ hour.age < $0 }) ?? true, mayBeCut(hour) else {
                    continue
                }
                cuts[hour.stream] = (hour.age, .size)
            }
            bytes = max(0, bytes - hour.free.bytes)
        }
    }

    private func isIncluded(_ stream: StreamID, in scope: RetentionScope) -> Bool {
        cameras[stream.camera].map { scope.includes($0) } ?? false
    }

    /// The bytes of the streams of some cameras that are there after all cuts so far.
    private func bytes(in scope: RetentionScope, of totals: [StreamID: RetentionSum]) -> Int64 {
        let all = totals.filter { isIncluded($0.key, in: scope) }.values.reduce(RetentionSum.zero, +)
        let cut = hours.filter { isIncluded($0.stream, in: scope) && isCut($0) }.map(\.free).reduce(.zero, +)
        return (all - cut).bytes
    }

    private func isCut(_ hour: RetentionHour) -> Bool {
        cuts[hour.stream].map { hour.age <= $0.before } ?? false
    }

    private func mayBeCut(_ hour: RetentionHour) -> Bool {
        guard let shortest = days[hour.stream.camera]?.shortest else { return false }
        return hour.age <= Self.horizon(longestDays: shortest, at: now)
    }

    private func makeDeletions() -> [RetentionDeletion] {
        var due: [StreamID: RetentionSum] = [:]
        for hour in hours where isCut(hour) { due[hour.stream, default: .zero] += hour.free }
        return cuts.compactMap { stream, cut in
            guard let sum = due[stream], !sum.isEmpty else { return nil }
            return RetentionDeletion(of: stream, cut.reason, before: cut.before, due: sum)
        }.sorted { $0.stream < $1.stream }
    }
}
