import MP4
import SeededNumbers

@testable import Media

/// A camera of H.264 whose pattern of key frames, parameter sets, sizes and pace follows from a seed.
///
/// Each slice contains its number and the number of the parameter sets that it needs, so that what was recorded can be
/// counted, and "decoded", by content.
struct RunSimulation {
    /// Facts of a frame that was sent.
    struct Sent {
        var number: Int
        var kind: FrameKind
        var parameters: Int
        var presentation: Int64
    }

    /// Sequence parameter sets of encoders, all with the identifier 0: 352x288, 1280x720, 1280x960.
    static let sequences: [[UInt8]] = [
        [0x67, 0x42, 0xC0, 0x0D, 0xD9, 0x01, 0x60, 0x96, 0xC0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03]
            + [0x00, 0xC8, 0x3C, 0x50, 0xA9, 0x20],
        [0x67, 0x4D, 0x00, 0x1F, 0x95, 0xA8, 0x14, 0x01, 0x6E, 0x40],
        [0x27, 0x4D, 0x00, 0x20, 0x8D, 0x6A, 0x05, 0x00, 0x79, 0xA1, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03]
            + [0x00, 0x28, 0x84],
    ]
    static let pictureSet: [UInt8] = [0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0]

    let hasLengths: Bool
    let seconds: Double
    private(set) var sent: [Sent] = []
    private var random: SeededGenerator
    private let frameDuration: Int64
    private let jitter: Int64
    private let group: Int
    private let setsEvery: Int
    private let changeChance: Double
    private let recoveryOnly: Bool
    private let jumpChance: Double
    private let size: Int
    private var parameters = 0
    private var source: Int64
    private var arrival: Int64 = 1_000_000_000_000

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &random)] }
        hasLengths = pick([true, false])
        seconds = pick([2, 2, 3, 5, 10])
        let step: Int64 = pick([3600, 3000, 7200, 18_000, 45_000, 90_000])
        frameDuration = step
        jitter = pick([0, 0, step / 10, step / 3])
        group = pick([1, 2, 5, 12, 25, 50, 250, 100_000])
        setsEvery = pick([1, 1, 3])
        changeChance = pick([0, 0, 0.05, 0.5, 1])
        recoveryOnly = pick([false, false, false, true])
        jumpChance = pick([0, 0, 0.01])
        size = pick([10, 200, 3000])
        source = Int64.random(in: -1_000_000...1_000_000_000, using: &random)
        self.random = random
    }

    /// The camera's description: its first sets, as start codes or as a record.
    var track: VideoTrack {
        let sets = [Self.sequences[0], Self.pictureSet]
        let record = AVCConfiguration(units: sets)?.record ?? []
        let rate = 90_000 / Double(frameDuration)
        let parameters = hasLengths ? record : Self.framed(sets, hasLengths: false)
        return VideoTrack(codec: .h264, width: 352, height: 288, framesPerSecond: rate, parameters: parameters)
    }

    static func framed(_ units: [[UInt8]], hasLengths: Bool) -> [UInt8] {
        units.flatMap { unit in
            let count = UInt32(unit.count)
            return (hasLengths ? withUnsafeBytes(of: count.bigEndian) { Array($0) } : [0, 0, 0, 1]) + unit
        }
    }

    /// A number as four bytes that never look like a start code.
    private static func bytes(_ number: Int) -> [UInt8] {
        (0..<4).reversed().map { 0x80 | UInt8(truncatingIfNeeded: number >> (7 * $0)) }
    }

    /// The number of a frame, and of the sets it needs; nil for a unit that is no slice.
    static func read(_ unit: [UInt8]) -> (number: Int, parameters: Int)? {
        guard let header = unit.first, [1, 5].contains(header & 0x1F), unit.count >= 7 else { return nil }
        return (unit[2..<6].reduce(0) { $0 << 7 | Int($1 & 0x7F) }, Int(unit[6] & 0x7F))
    }

    /// Sends the next frame.
    mutating func send(to segmenter: RunSegmenter) throws(MediaError) {
        let number = sent.count
        let isStart = number % group == 0 && (group < 100_000 || number == 0)
        // The first frame of a stream of recovery points is a whole one, so that it begins at once.
        let kind: FrameKind = !isStart ? .dependent : recoveryOnly && number > 0 ? .recovery : .idr
        var units: [[UInt8]] = [[0x09, 0x10]]
        if isStart {
            let isChange = number > 0 && Double.random(in: 0..<1, using: &random) < changeChance
            if isChange { parameters = (parameters + 1) % Self.sequences.count }
            if isChange || number / group % setsEvery == 0 { units += [Self.sequences[parameters], Self.pictureSet] }
        }
        if kind == .recovery { units.append([0x06, 0x06, 0x01, 0xC4, 0x80]) }
        let content = (0..<Int.random(in: 1...size, using: &random)).map { UInt8(truncatingIfNeeded: $0) | 0x80 }
        let header: UInt8 = kind == .idr ? 0x65 : 0x41
        units.append([header, 0x88] + Self.bytes(number) + [0x80 | UInt8(parameters)] + content)
        // A second slice of the same frame, which has no number.
        if number % 3 == 0 { units.append([header, 0x44, 0x80]) }
        var step = frameDuration
        if jitter > 0 { step += Int64.random(in: -jitter...jitter, using: &random) }
        source += step
        if number > 0, Double.random(in: 0..<1, using: &random) < jumpChance {
            source += Int64.random(in: -1_000_000_000...1_000_000_000, using: &random)
        }
        arrival += step * 100_000 / 9
        sent.append(Sent(number: number, kind: kind, parameters: parameters, presentation: source))
        let bytes = Self.framed(units, hasLengths: hasLengths)
        var failure: MediaError?
        bytes.withUnsafeBytes { bytes in
            let packet = MediaPacket(
                track: .video,
                decodeTime: source,
                presentationTime: source,
                isKey: kind != .dependent,
                bytes: bytes
            )
            do throws(MediaError) {
                try segmenter.take(packet, arrival: arrival, wallClock: arrival / 1000)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
