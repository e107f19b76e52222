/// The treatment of old versions in a bucket that keeps them.
package enum S3VersionPolicy: String, CaseIterable, Sendable {
    /// Retention deletes all versions of a recording.
    case delete
    /// Retention leaves old versions to rules of the bucket.
    case keep
}
