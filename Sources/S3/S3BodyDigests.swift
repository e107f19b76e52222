import Crypto
import Encodings
import System

/// The hashes of the bytes of a file as they are sent, for stores that do not confirm a checksum.
///
/// Safe: libcurl's thread alone calls ``add(_:at:)`` and ``finish(length:)``, the second after the last of the first.
final class S3BodyDigests: @unchecked Sendable {
    private var sha256 = SHA256Hasher()
    private var md5 = MD5Hasher.begin()
    private var position: Int64 = 0

    /// Adds bytes that are sent; a body that begins again is hashed from its start.
    func add(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        if offset == 0 {
            sha256 = SHA256Hasher()
            md5 = MD5Hasher.begin()
            position = 0
        }
        // A body that is taken up in its middle gives no hash.
        guard offset == position else {
            position = -1
            return
        }
        sha256.update(bytes)
        md5?.update(bytes)
        position += Int64(bytes.count)
    }

    /// Ends the hashes.
    ///
    /// - Parameter length: The length of the body.
    /// - Returns: SHA-256 and, where the system allows it, MD5 in lower-case hex; nil unless the whole body was seen.
    func finish(length: Int64) -> (sha256: String, md5: String?)? {
        guard position == length else { return nil }
        position = -1
        let sum = sha256.finalize().hex
        return (sum, md5?.finalize().hex)
    }
}
