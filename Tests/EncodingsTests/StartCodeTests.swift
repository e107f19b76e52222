import Encodings
import Testing

@Suite struct StartCodeTests {
    private static func find(_ bytes: [UInt8], from start: Int = 0) -> Int? {
        bytes.withUnsafeBytes { $0.startCode(from: start) }
    }

    @Test func `a start code is found at every place in bytes of every length`() {
        for count in 0..<40 {
            for filler: UInt8 in [0xFF, 1, 2, 0x80] {
                #expect(Self.find([UInt8](repeating: filler, count: count)) == nil)
                guard count >= 3 else { continue }
                for place in 0...(count - 3) {
                    var bytes = [UInt8](repeating: filler, count: count)
                    bytes.replaceSubrange(place..<(place + 3), with: [0, 0, 1])
                    #expect(Self.find(bytes) == place)
                    #expect(Self.find(bytes, from: place) == place)
                    #expect(Self.find(bytes, from: place + 1) == nil)
                }
            }
        }
    }

    @Test func `zeros alone are none, and the last two of many belong to it`() {
        #expect(Self.find([UInt8](repeating: 0, count: 33)) == nil)
        #expect(Self.find([UInt8](repeating: 0, count: 20) + [1]) == 18)
        #expect(Self.find([0, 0, 2, 0, 0, 3, 1, 0, 1, 0, 0]) == nil)
        #expect(
            Self.find([0, 0]) == nil && Self.find([0, 0, 1], from: -5) == 0 && Self.find([0, 0, 1], from: 9) == nil
        )
    }
}
