import Encodings
import Testing

@Suite struct JSONWriterTests {
    @Test func `objects and arrays get their commas`() {
        var json = JSONWriter()
        json.array { json in
            json.object { json in
                json.field("id", 7)
                json.field("name", "a\"b")
                json.field("none", nil as String?)
                json.field("on", true)
                json.field("fps", 25.0)
                json.field("nan", Double.nan)
                json.object("status") { json in json.field("min", Int64.min) }
                json.array("tags") { json in
                    json.value("x")
                    json.value("y")
                }
                json.array("empty") { _ in }
                json.field("plain", plain: { $0 += "2026".utf8 })
                json.field(named: "k\n", "v")
                json.null("end")
            }
            json.object { _ in }
            json.value(3)
        }
        #expect(
            String(decoding: json.bytes, as: UTF8.self) == """
                [{"id":7,"name":"a\\"b","none":null,"on":true,"fps":25.0,"nan":null,"status":{"min":-9223372036854775808},\
                "tags":["x","y"],"empty":[],"plain":"2026","k\\n":"v","end":null},{},3]
                """
        )
    }

    @Test func `every control character is escaped, and nothing else is changed`() throws {
        for code in UInt32(0)...0x2FF {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let text = "a\(Character(scalar))b"
            var json = JSONWriter()
            json.value(text)
            #expect(try JSONParser.parse(json.bytes) == .string(text))
            let isControl = code < 0x20 || (0x7F...0x9F).contains(code)
            let isEscaped = String(decoding: json.bytes, as: UTF8.self) != "\"\(text)\""
            #expect(isEscaped == (isControl || scalar == "\"" || scalar == "\\"), "U+\(code)")
        }
    }

    @Test func `text is escaped at both ends and side by side`() {
        #expect("\"\"".jsonEscaped == #"\"\""#)
        #expect("\u{85}é\u{9F}".jsonEscaped == #"\u0085é\u009f"#)
        #expect("".jsonEscaped.isEmpty)
        var bytes: [UInt8] = []
        // Half a character at the end, as a lent row may never have it, is passed on and read beyond by nothing.
        [UInt8](arrayLiteral: 0x61, 0xC2).withUnsafeBytes { bytes.append(jsonEscaping: $0) }
        #expect(bytes == [0x61, 0xC2])
    }
}
