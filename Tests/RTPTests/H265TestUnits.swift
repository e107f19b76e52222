/// NAL units of H.265 as tests need them; what follows the first bytes stands for coded data.
enum H265 {
    static let vps: [UInt8] = [0x40, 0x01, 0x0C, 0x01, 0xFF, 0xFF]
    /// Identifier 0 behind a profile of one layer.
    static let sps: [UInt8] = [0x42, 0x01, 0x01] + [UInt8](repeating: 0x11, count: 12) + [0xA0, 0x03]
    static let otherSPS: [UInt8] = [0x42, 0x01, 0x01] + [UInt8](repeating: 0x11, count: 12) + [0xA0, 0x05]
    /// Identifier 0, two extra bits in slice headers.
    static let pps: [UInt8] = [0x44, 0x01, 0xC4, 0x80]
    static let delimiter: [UInt8] = [0x46, 0x01, 0x50]
    static let filler: [UInt8] = [0x4C, 0x01, 0xFF, 0x80]
    static let sei: [UInt8] = [0x4E, 0x01, 0x05, 0x02, 0x11, 0x22, 0x80]
    static let recoverySEI: [UInt8] = [0x4E, 0x01, 0x06, 0x01, 0xD0, 0x80]
    static let suffixSEI: [UInt8] = [0x50, 0x01, 0x84, 0x02, 0x11, 0x22, 0x80]

    /// A first slice segment of a type; PPS 0.
    static func slice(type: UInt8, _ data: [UInt8] = [1, 2, 3]) -> [UInt8] { [type << 1, 0x01, 0xAF] + data }
    /// A further slice segment of a type.
    static func rest(type: UInt8, _ data: [UInt8] = [4, 5, 6]) -> [UInt8] { [type << 1, 0x01, 0x2F] + data }

    static func idr(_ data: [UInt8] = [1, 2, 3]) -> [UInt8] { slice(type: 19, data) }
    static func idrRest(_ data: [UInt8] = [4, 5, 6]) -> [UInt8] { rest(type: 19, data) }
    /// first_slice 1, PPS 0, two extra bits, slice_type 1 (P): 1, 1, 00, 010.
    static func p(_ data: [UInt8] = [1, 2, 3]) -> [UInt8] { [0x02, 0x01, 0xC5] + data }
    static func pRest(_ data: [UInt8] = [4, 5, 6]) -> [UInt8] { rest(type: 1, data) }
    /// first_slice 1, PPS 0, two extra bits, slice_type 2 (I): 1, 1, 00, 011.
    static func i(_ data: [UInt8] = [1, 2, 3]) -> [UInt8] { [0x02, 0x01, 0xC7] + data }

    /// A unit in fragments of at most `size` bytes of it each.
    static func fragments(_ unit: [UInt8], size: Int) -> [[UInt8]] {
        let body = Array(unit.dropFirst(2))
        var payloads: [[UInt8]] = []
        var index = 0
        repeat {
            let end = min(index + size, body.count)
            let flags: UInt8 = (index == 0 ? 0x80 : 0) | (end == body.count ? 0x40 : 0)
            payloads.append([unit[0] & 0x81 | 49 << 1, unit[1], flags | unit[0] >> 1 & 0x3F] + body[index..<end])
            index = end
        } while index < body.count
        return payloads
    }

    static func aggregate(_ units: [[UInt8]]) -> [UInt8] {
        [48 << 1, 0x01] + units.flatMap { big(UInt16($0.count)) + $0 }
    }
}
