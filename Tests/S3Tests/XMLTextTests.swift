import Encodings
import HTTPClient
import Testing

@testable import S3

@Suite struct XMLTextTests {
    @Test func `a list is read`() {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>false</IsTruncated>
            <Contents><Key>a&amp;b&#x41;&#66;.mp4</Key><Size>3</Size></Contents>
            <Contents><Key>c</Key><Size>4</Size><Owner/></Contents></ListBucketResult>
            """
        let elements = XMLText(Array(text.utf8))
        #expect(elements.all(["Contents", "Key"]) == ["a&bAB.mp4", "c"])
        #expect(elements.first("IsTruncated") == "false")
        #expect(elements.isComplete)
    }

    @Test func `a list that is cut off anywhere is not complete`() {
        let text = Array("<?xml version=\"1.0\"?><L><IsTruncated>false</IsTruncated><Contents/></L>".utf8)
        #expect(XMLText(text).isComplete)
        for length in 0..<text.count { #expect(!XMLText(Array(text[..<length])).isComplete) }
    }

    @Test(arguments: ["", "<", "<a", "<a><b></a>", "plain", "</a>", "<a>&#xD800;</a>", "<a>&;</a>", "<>"])
    func `what is not well-formed crashes nothing`(text: String) {
        _ = XMLText(Array(text.utf8)).first("a")
    }
}

@Suite struct S3ErrorTests {
    private func error(
        _ status: Int,
        _ code: String?,
        headers: [(name: String, value: String)] = []
    ) -> S3Error {
        let body = code.map { "<Error><Code>\($0)</Code><Message>secret</Message></Error>" } ?? ""
        return S3Error(HTTPClientResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    @Test func `what waiting mends is temporary, what somebody must mend is not`() {
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
        #expect(error(404, "NoSuchBucket").description.contains("OBSERVER_S3_BUCKET"))
    }

    @Test func `a bucket in another region is told with the setting to change`() {
        let named = error(400, "AuthorizationHeaderMalformed", headers: [("x-amz-bucket-region", "eu-west-1")])
        #expect(named.description.contains("eu-west-1; set AWS_REGION"))
        #expect(error(301, "PermanentRedirect").description.contains("AWS_REGION"))
        let odd = error(301, nil, headers: [("x-amz-bucket-region", String(repeating: "x", count: 1000))])
        #expect(odd.description.utf8.count < 200)
    }

    @Test func `dates of answers are read`() {
        #expect(HTTPDate.seconds("Fri, 24 May 2013 00:00:00 GMT") == 1_369_353_600)
        #expect(HTTPDate.seconds("yesterday") == nil)
    }
}
