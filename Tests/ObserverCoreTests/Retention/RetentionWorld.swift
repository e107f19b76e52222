import ObserverCore
import SeededNumbers

/// Cameras with recordings, rules and holds, out of a seed.
struct RetentionWorld {
    static let now = Timestamp(milliseconds: 1_795_464_062_123)

    var generator: SeededGenerator
    var cameras: [RetentionCamera] = []
    var policies: [RetentionPolicy] = []
    var holds: [CameraID: [TimeSpan]] = [:]
    var segments: [(candidate: RetentionDeletion.Candidate, bytes: Int64)] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        for number in 1...Int64.random(in: 1...4, using: &generator) {
            let tags = ["yard", "till"].filter { _ in Bool.random(using: &generator) }
            let camera = RetentionCamera(
                CameraID(rawValue: number),
                tags: Set(tags),
                days: Int.random(in: 1...20, using: &generator),
                isDiscarded: chance(0.1)
            )
            cameras.append(camera)
            record(StreamID(camera.id, .main))
            if chance(0.3) { record(StreamID(camera.id, .sub)) }
            hold(camera.id)
        }
        rule(.all)
        rule(.tag("yard"))
        if let camera = cameras.first { rule(.camera(camera.id)) }
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    /// Some hours of the last thirty days, each of them entered in time or all of it days later.
    private mutating func record(_ stream: StreamID) {
        for hours in 0..<Int64.random(in: 1...720, using: &generator) where chance(0.06) {
            let hour = Self.now.startOfHour.advanced(bySeconds: -3600 * hours)
            let late: Int64 = chance(0.05) ? 3600 * Int64.random(in: 4...200, using: &generator) : 15
            for index in 0..<Int64.random(in: 1...4, using: &generator) {
                let start = hour.advanced(bySeconds: index * 600 + 5)
                guard start < Self.now else { continue }
                let state: SegmentState = chance(0.9) ? .stored : [.spooled, .failed][chance(0.5) ? 0 : 1]
                let length: Int64 = chance(0.1) ? 0 : 300_000
                let candidate = RetentionDeletion.Candidate(
                    of: stream,
                    TimeSpan(from: start.milliseconds, to: start.milliseconds + length),
                    state,
                    enteredAt: min(start.advanced(bySeconds: late), Self.now)
                )
                segments.append((candidate, Int64.random(in: 1...3_000_000, using: &generator)))
            }
        }
    }

    private mutating func hold(_ camera: CameraID) {
        while chance(0.4) {
            let start = Self.now.milliseconds - Int64.random(in: 0...30 * 86_400_000, using: &generator)
            let span = TimeSpan(from: start, to: start + Int64.random(in: 1...86_400_000, using: &generator))
            holds[camera, default: []].append(span)
        }
    }

    private mutating func rule(_ scope: RetentionScope) {
        guard chance(0.6) else { return }
        policies.append(
            RetentionPolicy(
                scope,
                RetentionPolicy.Limits(
                    longestDays: chance(0.4) ? Int.random(in: 1...25, using: &generator) : nil,
                    shortestDays: chance(0.4) ? Int.random(in: 1...10, using: &generator) : nil,
                    mostBytes: chance(0.6) ? Int64.random(in: 1_000_000...200_000_000, using: &generator) : nil
                )
            )
        )
    }

    // MARK: Facts

    func camera(_ id: CameraID) -> RetentionCamera? { cameras.first { $0.id == id } }

    func isHeld(_ candidate: RetentionDeletion.Candidate) -> Bool {
        let end = max(candidate.span.end, candidate.span.start + 1)
        return (holds[candidate.stream.camera] ?? []).contains {
            !TimeSpan(from: candidate.span.start, to: end).clamped(to: $0).isEmpty
        }
    }

    func isFree(_ candidate: RetentionDeletion.Candidate) -> Bool {
        candidate.state == .stored && !isHeld(candidate)
    }

    /// The rows as the catalogue sums them up.
    var facts: RetentionPlan.Facts {
        var hours: [String: RetentionHour] = [:]
        var totals: [StreamID: RetentionSum] = [:]
        for (candidate, bytes) in segments {
            let hour = candidate.span.startedAt.startOfHour
            let one = RetentionSum(segments: 1, bytes: bytes)
            var row = hours["\(candidate.stream)\(hour)"] ?? RetentionHour(of: candidate.stream, hour: hour, sum: .zero)
            row.sum += one
            if !isFree(candidate) { row.kept += one }
            row.enteredAt = max(row.enteredAt ?? candidate.enteredAt, candidate.enteredAt)
            hours["\(candidate.stream)\(hour)"] = row
            totals[candidate.stream, default: .zero] += one
        }
        return RetentionPlan.Facts(policies: policies, cameras: cameras, totals: totals, hours: Array(hours.values))
    }

    /// The age that counts: the hour of a segment's start, or of its late entry.
    func age(_ candidate: RetentionDeletion.Candidate) -> Timestamp {
        max(
            candidate.span.startedAt,
            candidate.enteredAt.advanced(bySeconds: -RetentionDeletion.graceSeconds)
        ).startOfHour.advanced(bySeconds: 3600)
    }

    /// The age of the newest segment of each stream.
    var newest: [StreamID: Timestamp] {
        Dictionary(segments.map { ($0.candidate.stream, age($0.candidate)) }) { max($0, $1) }
    }

    /// Carries out a plan; returns what went.
    mutating func carryOut(_ plan: RetentionPlan) -> [(candidate: RetentionDeletion.Candidate, bytes: Int64)] {
        let isTaken = { [holds] (candidate: RetentionDeletion.Candidate) in
            plan.deletions.contains { $0.takes(candidate, holds: holds[candidate.stream.camera] ?? []) }
        }
        let gone = segments.filter { isTaken($0.candidate) }
        segments.removeAll { isTaken($0.candidate) }
        return gone
    }
}
