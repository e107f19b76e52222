/// NAL units of H.264 as tests need them; what follows the first bytes stands for coded data.
enum H264 {
    static let sps: [UInt8] = [0x67, 0x64, 0x00, 0x1F, 0xAC, 0xD9, 0x40]
    static let otherSPS: [UInt8] = [0x67, 0x64, 0x00, 0x28, 0xAC, 0xD9, 0x41]
    static let pps: [UInt8] = [0x68, 0xEE, 0x3C, 0x80]
    static let otherPPS: [UInt8] = [0x68, 0xEE, 0x3C, 0xB0]
    static let delimiter: [UInt8] = [0x09, 0xF0]
    static let filler: [UInt8] = [0x0C, 0xFF, 0xFF, 0x80]
    /// User data.
    static let sei: [UInt8] = [0x06, 0x05, 0x03, 0x11, 0x22, 0x33, 0x80]
    /// User data, then a recovery point.
    static let recoverySEI: [UInt8] = [0x06, 0x05, 0x02, 0x11, 0x22, 0x06, 0x01, 0xC4, 0x80]

    /// first_mb_in_slice 0, slice_type 7 (I).
    static func idr(_ data: [UInt8] = [1, 2, 3]) -> [UInt8] { [0x65, 0x88] + data }
    /// A further slice: first_mb_in_slice 3, slice_type 7.
    static func idrRest(_ data: [UInt8] = [4, 5, 6]) -> [UInt8] { [0x65, 0x22, 0x10] + data }
    /// first_mb_in_slice 0, slice_type 5 (P).
    static func p(_ data: [UInt8] = [1, 2, 3]) -> [UInt8] { [0x41, 0x9A] + data }
    /// first_mb_in_slice 3, slice_type 5 (P).
    static func pRest(_ data: [UInt8] = [4, 5, 6]) -> [UInt8] { [0x41, 0x21, 0xA0] + data }
    /// first_mb_in_slice 0, slice_type 7 (I), but no IDR.
    static func i(_ data: [UInt8] = [1, 2, 3]) -> [UInt8] { [0x41, 0x88] + data }

    /// A unit in FU-A packets of at most `size` bytes of it each.
    static func fragments(_ unit: [UInt8], size: Int) -> [[UInt8]] {
        let body = Array(unit.dropFirst())
        var payloads: [[UInt8]] = []
        var index = 0
        repeat {
            let end = min(index + size, body.count)
            let flags: UInt8 = (index == 0 ? 0x80 : 0) | (end == body.count ? 0x40 : 0)
            payloads.append([unit[0] & 0xE0 | 28, flags | unit[0] & 0x1F] + body[index..<end])
            index = end
        } while index < body.count
        return payloads
    }

    static func stapA(_ units: [[UInt8]]) -> [UInt8] {
        [0x78] + units.flatMap { big(UInt16($0.count)) + $0 }
    }
}
