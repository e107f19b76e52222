import System

/// The optional parts of S3 that a store has or lacks, as far as is known.
///
/// A part that is not known is tried. One that the store refused is left out, for an hour: an answer of something in
/// between, or of an older release, shall not count for ever. All of it is kept in memory, because to find it out again
/// costs a new process two requests, and a file could speak of another store than the one that is set now.
public struct S3Capabilities: Sendable, Hashable {
    /// A part of the protocol that not all stores have, or not all access keys may use.
    public enum Part: String, CaseIterable, Sendable {
        /// `If-None-Match: *` with a PUT.
        case conditionalPut
        /// `x-amz-checksum-sha256` with a PUT.
        case checksum
        /// `x-amz-checksum-mode` with a HEAD; for objects under a key of KMS it needs the right to decrypt.
        case checksumMode
        /// The response to a PUT repeats the checksum.
        case confirmation
        /// The ETag of an object is the MD5 of its bytes.
        case md5ETag
        /// HEAD of an object.
        case headObject
        /// HEAD of the bucket.
        case headBucket
        /// GET of an object.
        case getObject
        /// Metadata of one's own, given back with an object.
        case metadata
        /// DeleteObjects: the deletion of many objects with one request.
        case deleteObjects
    }

    private enum Standing: Hashable {
        case has
        case lacks(since: MonotonicInstant)
    }

    /// The time after which a part that is lacking is tried again.
    static let memory: Duration = .seconds(3600)

    private var standings: [Part: Standing] = [:]

    /// Creates the capabilities of a store about which nothing is known.
    public init() {}

    /// True if the store was seen to have the part, false if to lack it; nil where neither is known.
    public subscript(part: Part) -> Bool? {
        switch standings[part] {
        case .has: true
        case .lacks: false
        case nil: nil
        }
    }

    /// Returns true unless the store was seen to lack the part within the last hour.
    func allows(_ part: Part, now: MonotonicInstant) -> Bool {
        guard case .lacks(let since) = standings[part] else { return true }
        return now - since >= Self.memory
    }

    /// Takes note that the store has a part.
    ///
    /// - Returns: True if that is news.
    @discardableResult
    mutating func has(_ part: Part) -> Bool {
        defer { standings[part] = .has }
        return self[part] != true
    }

    /// Takes note that the store lacks a part, or that the access key may not use it.
    ///
    /// - Returns: True if that is news.
    @discardableResult
    mutating func lacks(_ part: Part, now: MonotonicInstant) -> Bool {
        defer { standings[part] = .lacks(since: now) }
        return self[part] != false
    }
}
