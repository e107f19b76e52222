/// The facts about a camera that decide how long its recordings are kept.
package struct RetentionCamera: Hashable, Sendable {
    package var id: CameraID
    package var tags: Set<String>
    /// The days of its own.
    package var days: Int
    /// True for a camera that was deleted together with its recordings: all of them go, however new.
    package var isDiscarded: Bool

    package init(_ id: CameraID, tags: Set<String> = [], days: Int, isDiscarded: Bool = false) {
        self.id = id
        self.tags = tags
        self.days = days
        self.isDiscarded = isDiscarded
    }
}
