/// A deletion with the reason for which it has to be approved, if there is one.
package struct RetentionDecision: Hashable, Sendable {
    package var deletion: RetentionDeletion
    package var objection: String?

    package init(_ deletion: RetentionDeletion, objection: String? = nil) {
        self.deletion = deletion
        self.objection = objection
    }
}

extension RetentionPlan {
    /// Holds each camera's part of the plan against what is usual for it.
    ///
    /// - Parameters:
    ///   - totals: What each stream has in all.
    ///   - usual: The most bytes that were deleted of each camera in a day.
    /// - Returns: The deletions of the plan. That of a camera which somebody deleted with its recordings needs no approval.
    package func decisions(
        totals: [StreamID: RetentionSum],
        usual: [CameraID: Int64]
    ) -> [RetentionDecision] {
        let due = Dictionary(grouping: deletions, by: \.stream.camera)
            .mapValues { $0.map(\.due).reduce(RetentionSum.zero, +).bytes }
        let all = Dictionary(grouping: totals, by: \.key.camera)
            .mapValues { $0.map(\.value).reduce(RetentionSum.zero, +).bytes }
        return deletions.map { deletion in
            let camera = deletion.stream.camera
            guard deletion.reason != .camera else { return RetentionDecision(deletion) }
            let safety = RetentionSafety(total: all[camera] ?? 0, usual: usual[camera])
            return RetentionDecision(deletion, objection: safety.objection(to: due[camera] ?? 0))
        }
    }
}
