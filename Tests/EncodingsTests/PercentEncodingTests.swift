import Encodings
import Testing

@Suite struct PercentEncodingTests {
    @Test func `unreserved characters stay, every other byte is encoded`() {
        #expect(PercentEncoding.encode("aZ09-._~") == "aZ09-._~")
        #expect(PercentEncoding.encode("a b/ä%") == "a%20b%2F%C3%A4%25")
        #expect(PercentEncoding.encode("a b/ä", keepsSlash: true) == "a%20b/%C3%A4")
    }

    @Test func `every text survives the way there and back`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let scalars = (0..<20).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0x20...0x10FFFF, using: &random))
            }
            let text = String(String.UnicodeScalarView(scalars.filter { $0.value != 0x7F }))
            let encoded = PercentEncoding.encode(text)
            #expect(encoded.utf8.allSatisfy { $0 < 0x7F })
            #expect(PercentEncoding.decodeText(encoded) == text)
        }
    }

    @Test(arguments: ["%", "%4", "%4g", "%g4", "%+4", "%-4", "a%", "%%41"])
    func `a percent sign without two digits is refused`(text: String) {
        #expect(PercentEncoding.decode(Array(text.utf8)) == nil)
        #expect(PercentEncoding.decodeText(text) == nil)
    }

    @Test func `a plus is a space in forms only`() {
        #expect(PercentEncoding.decode(Array("a+b".utf8)) == Array("a+b".utf8))
        #expect(PercentEncoding.decode(Array("a+b%2B".utf8), plusIsSpace: true) == Array("a b+".utf8))
    }

    @Test(arguments: ["%FF", "%C3", "%00", "%0A", "%7F", "\n", "%ED%A0%80"])
    func `text that is not UTF-8 or holds a control character is refused`(text: String) {
        #expect(PercentEncoding.decode(Array(text.utf8)) != nil)
        #expect(PercentEncoding.decodeText(text) == nil)
    }
}
