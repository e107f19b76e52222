package import S3
import Synchronization

/// Deletes objects of the store by their keys.
package protocol ObjectDeleter: Sendable {
    /// Deletes objects; those that do not exist are no error.
    func delete(_ keys: [String]) throws(S3Error) -> S3Deletion

    /// The bucket's memory of versions.
    func versioning() throws(S3Error) -> S3Versioning
}

/// Deletes many objects with one request where the store can, otherwise with one each.
package final class S3ObjectDeleter: ObjectDeleter {
    private let client: S3Client
    /// True until the store answers that it does not have DeleteObjects.
    private let isInBulk = Atomic<Bool>(true)

    package init(_ client: S3Client) {
        self.client = client
    }

    package func delete(_ keys: [String]) throws(S3Error) -> S3Deletion {
        guard isInBulk.load(ordering: .relaxed) else { return try client.deleteSingly(keys) }
        do {
            return try client.deleteObjects(keys)
        } catch {
            guard error.isUnknownRequest else { throw error }
            isInBulk.store(false, ordering: .relaxed)
            return try client.deleteSingly(keys)
        }
    }

    package func versioning() throws(S3Error) -> S3Versioning {
        try client.versioning()
    }
}
