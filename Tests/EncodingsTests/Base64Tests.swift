import Encodings
import Testing

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 gives the published texts`(text: String, encoded: String) {
        #expect(text.utf8.base64 == encoded)
        #expect([UInt8](base64: encoded) == Array(text.utf8))
        #expect([UInt8](base64: encoded.filter { $0 != "=" }) == Array(text.utf8))
    }

    @Test(arguments: ["A", "A===", "AA=A", "AA=", "A A=", "Zg==="])
    func `other text is refused`(text: String) {
        #expect([UInt8](base64: text) == nil)
    }

    @Test func `the alphabet for URLs needs no escaping and is read as well`() {
        let bytes = [UInt8](0...255)
        #expect(bytes.base64URL.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") })
        #expect([UInt8](base64: bytes.base64URL) == bytes)
        #expect([UInt8](base64: bytes.base64) == bytes)
    }
}
