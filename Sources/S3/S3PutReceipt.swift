import Encodings
import HTTPClient

/// The response of a store to the upload of an object.
public struct S3PutReceipt: Sendable, Hashable {
    /// The store's name of this version, with its quotes.
    public let etag: String
    /// Indicates that the store repeated the checksum that was sent with the bytes.
    ///
    /// AWS does, and most others; of a store that does not, a HEAD tells which bytes it has.
    public let hasChecksum: Bool

    /// Reads the response to a PUT: a status of 200 alone proves no store (captive portals send it, and wrong ports).
    ///
    /// - Throws: ``S3Error`` of kind `malformed` where it is not the response of S3 to these bytes.
    init(_ response: HTTPClientResponse, to upload: S3Upload) throws(S3Error) {
        guard let etag = response.header("etag"), etag.contains(where: { $0 != "\"" }) else {
            throw S3Error(.malformed, "the response is not S3's: it has no ETag", status: response.status)
        }
        self.etag = etag
        let checksum = response.header("x-amz-checksum-sha256")
        hasChecksum = checksum != nil
        guard let checksum, [UInt8](base64: checksum)?.hex != upload.sha256 else { return }
        throw S3Error(.malformed, "the store has the checksum of other bytes", status: response.status)
    }
}
