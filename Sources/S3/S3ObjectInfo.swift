import Encodings
import HTTPClient

/// The facts a store reports about an object.
public struct S3ObjectInfo: Sendable, Hashable {
    /// The size in bytes; -1 where the store does not report it.
    public let bytes: Int64
    /// The store's name of this version, with its quotes.
    public let etag: String?
    /// SHA-256 in lower-case hex, where the store keeps it as a checksum of its own.
    public let checksum: String?
    /// The time of the last change in seconds since 1970; nil where the store does not tell it.
    public let modified: Int64?
    /// `x-amz-meta-…` without the prefix; names in lower case.
    public let metadata: [String: String]

    /// The sizes that an object can have: no store takes a pebibyte.
    static let sizes: ClosedRange<Int64> = 0...(1 << 50)

    /// Reads the response to a HEAD.
    ///
    /// - Throws: ``S3Error`` of kind `malformed` where it is not a response of S3.
    init(_ response: HTTPClientResponse) throws(S3Error) {
        guard let etag = response.header("etag") else {
            throw S3Error(.malformed, "the response is not S3's: it has no ETag", status: response.status)
        }
        var metadata: [String: String] = [:]
        for (name, value) in response.headers where name.hasPrefix("x-amz-meta-") {
            metadata[String(name.dropFirst("x-amz-meta-".count))] = value
        }
        checksum = response.header("x-amz-checksum-sha256").flatMap { [UInt8](base64: $0)?.hex }
        let length = response.header("content-length").flatMap { Int64($0) }
        bytes = length.flatMap { Self.sizes.contains($0) ? $0 : nil } ?? -1
        modified = response.header("last-modified").flatMap { HTTPDate.seconds($0) }
        self.etag = etag
        self.metadata = metadata
    }
}
