import Errors
import HTTPClient
import Testing

@testable import S3

@Suite struct S3ErrorTests {
    private func error(
        _ status: Int,
        _ code: String?,
        headers: [(name: String, value: String)] = []
    ) -> S3Error {
        let body = code.map { "<Error><Code>\($0)</Code><Message>secret</Message></Error>" } ?? ""
        return S3Error(HTTPClientResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    @Test func `trouble that passes is temporary, trouble that somebody must fix is not`() {
        let temporary: [(Int, String?)] = [
            (500, "InternalError"), (503, "SlowDown"), (503, nil), (429, nil), (409, "ConditionalRequestConflict"),
            (400, "RequestTimeout"), (403, "RequestTimeTooSkewed"), (502, nil), (400, "IncompleteBody"),
        ]
        for (status, code) in temporary { #expect(error(status, code).isTemporary, "\(status) \(code ?? "")") }
        let lasting: [(Int, String?)] = [
            (403, "AccessDenied"), (404, "NoSuchBucket"), (400, "InvalidArgument"), (412, "PreconditionFailed"),
            (301, nil),
            (400, "XAmzContentSHA256Mismatch"),
        ]
        for (status, code) in lasting { #expect(!error(status, code).isTemporary, "\(status) \(code ?? "")") }
    }

    @Test func `the words of a store are not repeated`() {
        #expect(!error(403, "SignatureDoesNotMatch").description.contains("secret"))
        #expect(error(404, "NoSuchBucket").description == "notFound: HTTP 404 NoSuchBucket: the bucket does not exist")
        #expect(error(404, "NoSuchBucket").hint == "create it or set OBSERVER_S3_BUCKET")
    }

    @Test func `the error for a bucket in another region names the setting to change`() {
        let named = error(400, "AuthorizationHeaderMalformed", headers: [("x-amz-bucket-region", "eu-west-1")])
        #expect(named.advice.hasSuffix("the bucket is in eu-west-1; set AWS_REGION"))
        #expect(error(301, "PermanentRedirect").hint?.contains("AWS_REGION") == true)
        let odd = error(301, nil, headers: [("x-amz-bucket-region", String(repeating: "x", count: 1000))])
        #expect(odd.advice.utf8.count < 200)
    }
}
