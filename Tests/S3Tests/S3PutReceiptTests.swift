import Crypto
import Encodings
import HTTPClient
import Testing

@testable import S3

@Suite struct S3PutReceiptTests {
    private let upload = S3Upload(key: "a", body: .bytes([1]), sha256: SHA256.hex([1]), contentType: "video/mp4")

    private func receipt(_ headers: [(name: String, value: String)]) -> Result<S3PutReceipt, S3Error> {
        let response = HTTPClientResponse(status: 200, headers: headers, body: [])
        return Result { () throws(S3Error) in try S3PutReceipt(response, to: upload) }
    }

    private func kind(_ headers: [(name: String, value: String)]) -> S3Error.Kind? {
        if case .failure(let error) = receipt(headers) { error.kind } else { nil }
    }

    @Test func `a checksum that is repeated confirms the bytes`() throws {
        let confirmed = try receipt([("etag", "\"e\""), ("x-amz-checksum-sha256", SHA256.hash([1]).base64)]).get()
        #expect(confirmed.hasChecksum && confirmed.etag == "\"e\"")
    }

    @Test func `a store that does not repeat the checksum has not confirmed it`() throws {
        #expect(try !receipt([("etag", "\"e\"")]).get().hasChecksum)
    }

    @Test func `a response that is not of a store is no success`() {
        #expect(kind([("content-type", "text/html")]) == .malformed)
        #expect(kind([("etag", "")]) == .malformed)
        #expect(kind([("etag", "\"\"")]) == .malformed)
    }

    @Test func `the checksum of other bytes is no success`() {
        #expect(kind([("etag", "\"e\""), ("x-amz-checksum-sha256", SHA256.hash([2]).base64)]) == .malformed)
        #expect(kind([("etag", "\"e\""), ("x-amz-checksum-sha256", "nonsense")]) == .malformed)
    }
}
