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
    func `text that is not well-formed stops nothing`(text: String) {
        _ = XMLText(Array(text.utf8)).first("a")
    }
}
