import HTTPClient
import Testing

@testable import S3

@Suite struct S3DeletionTests {
    private func taking(_ body: String, for keys: [String]) -> Result<S3Deletion, S3Error> {
        Result { () throws(S3Error) in
            var deletion = S3Deletion()
            let text = "<?xml version=\"1.0\"?><DeleteResult>\(body)</DeleteResult>"
            try deletion.take(
                HTTPClientResponse(status: 200, headers: [], body: Array(text.utf8)),
                for: keys.map { S3Version(key: $0) }
            )
            return deletion
        }
    }

    @Test func `objects that are refused remain, with the store's word`() throws {
        let body = """
            <Deleted><Key>a&amp;b</Key></Deleted>
            <Error><Key>c</Key><Code>AccessDenied</Code><Message>no</Message></Error>
            <Error><Key>d</Key><Code>NoSuchKey</Code><Message>no</Message></Error>
            """
        let deletion = try taking(body, for: ["a&b", "c", "d"]).get()
        #expect(deletion.refused == ["c": "AccessDenied"] && !deletion.hasMarkers)
    }

    @Test func `a delete marker is no deletion`() throws {
        let body = "<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker></Deleted>"
        #expect(try taking(body, for: ["a"]).get().hasMarkers)
    }

    @Test(
        arguments: [
            "", "<Deleted><Key>b</Key></Deleted>", "<Error><Key>a</Key></Error>", "<Deleted><Key>a</Key>",
        ]
    )
    func `an answer that does not tell of each object counts as none`(body: String) {
        #expect(throws: S3Error.self) { try taking(body, for: ["a"]).get() }
    }

    @Test func `keys are written so that a store reads them as they are`() {
        let key = "a<&>\"'\r b"
        #expect(XMLText.encode(key) == "a&lt;&amp;&gt;\"'&#xD; b")
        #expect(XMLText(Array("<K>\(XMLText.encode(key))</K>".utf8)).first("K") == key)
    }
}
