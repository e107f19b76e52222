import Encodings
import Testing

@Suite struct HexTests {
    @Test func `every byte survives the way there and back`() {
        let bytes = [UInt8](0...255)
        #expect([UInt8](hex: bytes.hex) == bytes)
        #expect([UInt8](hex: bytes.hex.uppercased()) == bytes)
        #expect([0, 255, 160].map { UInt8($0) }.hex == "00ffa0")
    }

    @Test(arguments: ["0", "000", "0g", "g0", "+1", "-1", " 0", "0x", "ä"])
    func `other text is refused`(text: String) {
        #expect([UInt8](hex: text) == nil)
    }

    @Test func `no text is no bytes`() {
        #expect([UInt8](hex: "") == [])
        #expect([UInt8]().hex.isEmpty)
    }
}
