package import S3

/// The bucket as retention uses it.
package protocol RetentionBucket: Sendable {
    /// Deletes objects; those that do not exist are no error.
    ///
    /// - Parameters:
    ///   - keys: The objects.
    ///   - isOfAllVersions: True to delete all versions and delete markers of each.
    /// - Returns: The objects that remain.
    /// - Throws: `S3Error` where nothing can be said of the objects.
    func delete(_ keys: [String], isOfAllVersions: Bool) throws(S3Error) -> S3Deletion

    /// The bucket's memory of versions.
    func versioning() throws(S3Error) -> S3Versioning

    /// Returns if versions may be listed.
    func tryListOfVersions() throws(S3Error)

    /// True if objects of the bucket can be locked.
    func hasObjectLock() throws(S3Error) -> Bool

    /// The locks of versions, as far as the store tells.
    func locks(of versions: [S3Version]) -> [S3Version: S3ObjectLock]

    /// Puts legal holds on objects, or takes them off.
    func setLegalHold(_ isOn: Bool, on keys: [String]) throws(S3Error) -> S3LegalHolds

    /// Those of these objects that there are.
    func existing(_ keys: [String]) throws(S3Error) -> Set<String>
}

/// A bucket in a store.
package struct S3RetentionBucket: RetentionBucket {
    private let client: S3Client

    package init(_ client: S3Client) {
        self.client = client
    }

    package func delete(_ keys: [String], isOfAllVersions: Bool) throws(S3Error) -> S3Deletion {
        isOfAllVersions ? try client.deleteAllVersions(keys) : try client.delete(keys)
    }

    package func versioning() throws(S3Error) -> S3Versioning { try client.versioning() }

    package func tryListOfVersions() throws(S3Error) { _ = try client.listVersions(prefix: "", limit: 1) }

    package func hasObjectLock() throws(S3Error) -> Bool { try client.hasObjectLock() }

    package func locks(of versions: [S3Version]) -> [S3Version: S3ObjectLock] { client.locks(of: versions) }

    package func setLegalHold(_ isOn: Bool, on keys: [String]) throws(S3Error) -> S3LegalHolds {
        try client.setLegalHold(isOn, on: keys)
    }

    package func existing(_ keys: [String]) throws(S3Error) -> Set<String> { try client.existing(keys) }
}
