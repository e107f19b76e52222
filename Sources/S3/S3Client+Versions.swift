import Crypto
import Encodings
import HTTPClient
import System

/// A version of an object, or a delete marker.
public struct S3Version: Sendable, Hashable {
    /// The key of the object.
    public var key: String
    /// The store's name for the version; nil for the current one.
    public var id: String?

    /// Creates a version.
    public init(key: String, id: String? = nil) {
        (self.key, self.id) = (key, id)
    }
}

/// A part of the versions of a bucket.
public struct S3VersionPage: Sendable, Hashable {
    /// The place in a list of versions where its next page begins.
    public struct Place: Sendable, Hashable {
        var key: String
        var id: String
    }

    /// Versions and delete markers.
    public var versions: [S3Version]
    /// The place of the next page; nil for the last one.
    public var next: Place?
}

extension S3Client {
    /// The pages that a list of the versions of one folder may have.
    private static let mostPages = 1000

    /// Lists versions and delete markers, a page at a time (ListObjectVersions).
    ///
    /// - Parameters:
    ///   - prefix: The start of the keys.
    ///   - limit: The most of them, 1 to 1000.
    ///   - place: The place that the page before names.
    /// - Returns: The page.
    /// - Throws: ``S3Error``; ``S3Error/isUnknownRequest`` where the store does not know versions.
    public func listVersions(
        prefix: String,
        limit: Int = 1000,
        from place: S3VersionPage.Place? = nil
    ) throws(S3Error) -> S3VersionPage {
        var query = [("versions", ""), ("prefix", prefix), ("max-keys", String(limit))]
        if let place {
            query.append(("key-marker", place.key))
            if !place.id.isEmpty { query.append(("version-id-marker", place.id)) }
        }
        let response = try wait { (done: @escaping Completion<HTTPClientResponse>) in
            send(Call(method: "GET", query: query), done)
        }
        let answer = XMLText(response.body)
        let keys = answer.all(["Version", "Key"]) + answer.all(["DeleteMarker", "Key"])
        let ids = answer.all(["Version", "VersionId"]) + answer.all(["DeleteMarker", "VersionId"])
        let isTruncated = answer.first("IsTruncated") == "true"
        let next = isTruncated ? answer.first("NextKeyMarker") : nil
        // A page that was cut off must not pass for the last one.
        guard answer.isComplete, keys.count == ids.count, isTruncated == (next?.isEmpty == false) else {
            throw S3Error(.malformed, "the list of versions cannot be read", status: response.status)
        }
        return S3VersionPage(
            versions: zip(keys, ids).map { S3Version(key: $0, id: $1) },
            next: next.map { S3VersionPage.Place(key: $0, id: answer.first("NextVersionIdMarker") ?? "") }
        )
    }

    /// Finds all versions and delete markers of objects.
    ///
    /// Objects of one folder are looked for together: recordings of an hour lie in one.
    public func versions(of keys: [String]) throws(S3Error) -> [S3Version] {
        let wanted = Set(keys)
        var found: [S3Version] = []
        for prefix in Self.prefixes(of: keys) {
            var place: S3VersionPage.Place?
            var pages = 0
            repeat {
                let page = try listVersions(prefix: prefix, from: place)
                found += page.versions.filter { wanted.contains($0.key) }
                pages += 1
                guard pages < Self.mostPages, page.next == nil || page.next != place else {
                    throw S3Error(.malformed, "the list of versions has no end")
                }
                place = page.next
            } while place != nil
        }
        return found
    }

    /// Finds those of these objects that there are.
    public func existing(_ keys: [String]) throws(S3Error) -> Set<String> {
        let wanted = Set(keys)
        var found: Set<String> = []
        for prefix in Self.prefixes(of: keys) {
            var continuation: String?
            var pages = 0
            repeat {
                let page = try list(prefix: prefix, continuation: continuation)
                found.formUnion(page.keys.filter { wanted.contains($0) })
                pages += 1
                guard pages < Self.mostPages else { throw S3Error(.malformed, "the list has no end") }
                continuation = page.continuation
            } while continuation != nil
        }
        return found
    }

    /// Deletes all versions and delete markers of objects.
    ///
    /// - Parameter keys: The objects; those that do not exist are no error.
    /// - Returns: The objects of which a version remains.
    /// - Throws: ``S3Error`` where nothing can be said of the objects.
    public func deleteAllVersions(_ keys: [String]) throws(S3Error) -> S3Deletion {
        let versions = try versions(of: keys)
        var deletion = S3Deletion()
        for first in stride(from: 0, to: versions.count, by: Self.mostDeletions) {
            let part = try delete(Array(versions[first..<min(first + Self.mostDeletions, versions.count)]))
            deletion.refused.merge(part.refused) { first, _ in first }
            deletion.locked.formUnion(part.locked)
        }
        return deletion
    }

    /// The longest beginnings that the keys of each folder have in common.
    static func prefixes(of keys: [String]) -> [String] {
        let folders = Dictionary(grouping: keys) { key in key.lastIndex(of: "/").map { key[...$0] } ?? "" }
        return folders.values.compactMap { keys in
            guard let least = keys.min(), let greatest = keys.max() else { return nil }
            let ends = zip(least.unicodeScalars, greatest.unicodeScalars).prefix { $0 == $1 }
            return ends.reduce(into: "") { $0.unicodeScalars.append($1.0) }
        }.sorted()
    }
}

extension S3Client.Call {
    /// Gives it a document as its body, with the checksum that the store wants of such requests.
    mutating func setDocument(_ text: String) {
        let bytes = Array(text.utf8)
        headers.append(("content-type", "application/xml"))
        body = .bytes(bytes)
        payload = SHA256.hex(bytes)
        // The older of the two checksums of which S3 wants one: every store knows it.
        if let digest = MD5.hash(bytes) {
            headers.append(("content-md5", digest.base64))
        } else if let digest = [UInt8](hex: payload) {
            headers.append(("x-amz-checksum-sha256", digest.base64))
        }
    }
}
