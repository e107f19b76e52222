/// The tables of baseline JPEG that RFC 2435 leaves out of packets.
enum JPEGTables {
    /// Quantizers of luminance and chrominance in zigzag order (RFC 2435, appendix A; JPEG, K.1 and K.2).
    private static let quantizers: [[Int]] = [
        [
            16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58,
            51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103,
            62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
        ],
        [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66] + [Int](repeating: 99, count: 50),
    ]

    /// Returns both tables for a quality between 1 and 99, one after the other (RFC 2435, 4.2).
    static func quantizers(quality: UInt8) -> [UInt8] {
        let quality = min(max(Int(quality), 1), 99)
        let scale = quality < 50 ? 5000 / quality : 200 - quality * 2
        return quantizers.joined().map { UInt8(min(max(($0 * scale + 50) / 100, 1), 255)) }
    }

    /// The segment with all four Huffman tables (JPEG, K.3 to K.6).
    static let huffmanSegment: [UInt8] = {
        var body: [UInt8] = []
        for (index, table) in huffman.enumerated() {
            // Class in the upper half, number in the lower: DC 0, AC 0, DC 1, AC 1.
            body.append(UInt8(index & 1) << 4 | UInt8(index >> 1))
            body += table.counts + table.symbols
        }
        return [0xFF, 0xC4] + [UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 0xFF)] + body
    }()

    private static let huffman: [(counts: [UInt8], symbols: [UInt8])] = [
        ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], Array(0...11)),
        ([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], luminanceSymbols),
        ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], Array(0...11)),
        ([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], chrominanceSymbols),
    ]

    private static let luminanceSymbols: [UInt8] =
        [
            0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
            0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
            0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A,
        ] + rows([0x34, 0x43, 0x53, 0x63, 0x73, 0x83, 0x92, 0xA2, 0xB2, 0xC2, 0xD2, 0xE1, 0xF1])

    private static let chrominanceSymbols: [UInt8] =
        [
            0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
            0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
            0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A,
        ] + rows([0x35, 0x43, 0x53, 0x63, 0x73, 0x82, 0x92, 0xA2, 0xB2, 0xC2, 0xD2, 0xE2, 0xF2])

    /// Symbols from each start to the one whose lower half is 10.
    private static func rows(_ starts: [UInt8]) -> [UInt8] {
        starts.flatMap { Array($0...($0 & 0xF0 | 0x0A)) }
    }
}
