import Encodings
import Testing

@Suite struct JSONParserTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .int(0)), ("-0", .int(0)),
        ("-12", .int(-12)), ("9223372036854775807", .int(.max)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)),
        ("1.5", .double(1.5)), ("1e2", .double(100)), ("-1.5E-1", .double(-0.15)), ("1E+2", .double(100)),
        (#""""#, .string("")), (#""é\u00e9\ud83d\ude00\n\"\\\/\b\f\r\t""#, .string("éé😀\n\"\\/\u{8}\u{C}\r\t")),
        ("[]", .array([])), ("[1, [2], {}]", .array([.int(1), .array([.int(2)]), .object([:])])),
        ("{}", .object([:])), ("{\"a\":1,\n\"b\":{\"a\":null}}", .object(["a": .int(1), "b": .object(["a": .null])])),
    ])
    func `a document is read`(text: String, expected: JSONValue) throws {
        #expect(try JSONParser.parse(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "nulls", "True", "'a'", "01", "-", "+1", "1.", ".5", "1e", "0x10", "NaN", "Infinity", "1 2",
        "[1,]", "[1 2]", "[", "]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}", "\"",
        "\"\\\"",
        "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u+123\"", "\"a\nb\"", "\"\u{0}\"", "\u{FEFF}1", "/**/1", "1e999",
        #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#,
        String(repeating: "[", count: 17) + String(repeating: "]", count: 17), String(repeating: "[", count: 100_000),
    ])
    func `other text is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
    ])
    func `text that is not UTF-8 is refused`(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONParser.parse(bytes) }
    }

    @Test func `a written value is read again`() throws {
        let value = JSONValue.object([
            "text": .string("\u{0}\u{1F}\"\\\n\r\tä😀</script>"),
            "list": .array([.null, .bool(true), .int(.min), .double(0.1)]),
            "empty": .object([:]), "none": .array([]),
        ])
        var json = JSONWriter()
        json.value(value)
        #expect(try JSONParser.parse(json.bytes) == value)
    }

    @Test func `random bytes never stop the parser`() {
        var random = SystemRandomNumberGenerator()
        let pieces = Array("{}[]\",:\\u0123e.-+truefalsn \n\u{0}é".utf8)
        for _ in 0..<5000 {
            let bytes = (0..<20).map { _ in pieces.randomElement(using: &random) ?? 0 }
            _ = try? JSONParser.parse(bytes)  // ignored: only that it returns counts
        }
    }
}
