/// The bucket's treatment of what is deleted, as `observer-retention` found it.
package struct RetentionBucketState: Hashable, Sendable {
    /// The fate of old versions.
    package enum Versions: String, CaseIterable, Sendable {
        /// The bucket keeps none.
        case none
        /// Retention deletes them together with the recording.
        case deleted
        /// They stay until rules of the bucket remove them, and take room until then.
        case kept
        /// The store does not tell whether there are any.
        case unknown
    }

    package var versions: Versions
    /// True if objects can be locked: holds are put on them as well.
    package var hasObjectLock: Bool

    package init(versions: Versions, hasObjectLock: Bool = false) {
        self.versions = versions
        self.hasObjectLock = hasObjectLock
    }
}
