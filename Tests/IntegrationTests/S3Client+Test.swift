import Crypto
import HTTPClient
import S3
import TestSupport
import Testing

extension S3Client {
    /// Creates the bucket if it is not there, and waits until the store takes an object in it.
    ///
    /// SeaweedFS needs seconds before a fresh bucket can be written to, and answers 500 until then.
    func prepareBucket() throws {
        let probe = S3Upload(key: "probe", body: .bytes([1]), sha256: SHA256.hex([1]), contentType: "text/plain")
        var reason = ""
        let isReady = poll(for: .seconds(60)) {
            do {
                try createBucket()
                try put(probe)
                return true
            } catch {
                reason = "\(error)"
                return false
            }
        }
        try #require(isReady, "the store takes no writes: \(reason)")
    }
}
