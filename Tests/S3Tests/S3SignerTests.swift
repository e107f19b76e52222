import Crypto
import Testing

@testable import S3

/// The examples of "Signature Calculations for the Authorization Header" and "Query Parameters" in the S3 API reference.
@Suite struct S3SignerTests {
    private let midnight: Int64 = 1_369_353_600  // 2013-05-24T00:00:00Z

    private func signer() -> S3Signer {
        S3Signer(
            S3Place(host: "examplebucket.s3.amazonaws.com", region: "us-east-1", bucket: "examplebucket"),
            credentials: S3Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            )
        )
    }

    private func signature(_ request: S3SignedRequest) -> String? {
        request.headers.first { $0.name == "authorization" }?.value.split(separator: "=").last.map { String($0) }
    }

    @Test func `a part of an object`() throws {
        let request = signer().sign(
            method: "GET",
            key: "test.txt",
            headers: [("range", "bytes=0-9")],
            at: midnight
        )
        #expect(signature(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func `an upload with a key that must be encoded`() throws {
        let request = signer().sign(
            method: "PUT",
            key: "test$file.text",
            headers: [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            payloadSHA256: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            at: midnight
        )
        #expect(signature(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(request.url == "https://examplebucket.s3.amazonaws.com/test%24file.text")
    }

    @Test func `a query without a value`() throws {
        let request = signer().sign(method: "GET", key: "", query: [("lifecycle", "")], at: midnight)
        #expect(signature(request) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test func `a list`() throws {
        let request = signer().sign(method: "GET", key: "", query: [("max-keys", "2"), ("prefix", "J")], at: midnight)
        #expect(signature(request) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func `a presigned URL`() throws {
        let url = signer().presignGet(key: "test.txt", expires: 86_400, at: midnight)
        #expect(url.query.hasSuffix("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
        #expect(url.path == "/test.txt")
    }
}
