/// The facts in an AudioSpecificConfig of AAC (ISO/IEC 14496-3, 1.6.2.1).
public struct AACConfiguration: Hashable, Sendable {
    /// Samples per second that are heard: twice those of the core where its spectrum is extended (SBR).
    public var sampleRate: Int
    /// Number of channels, 1 to 8.
    public var channels: Int
    /// Samples in a frame at `sampleRate`.
    public var frameSamples: Int

    private static let rates = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
    ]

    /// Reads a configuration; nil for another codec than AAC, and for numbers that it cannot have.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 2 else { return nil }
        var position = 0
        func bits(_ count: Int) -> Int {
            defer { position += count }
            return (position..<position + count).reduce(0) { value, place in
                let byte = place / 8 < bytes.count ? bytes[place / 8] : 0
                return value << 1 | Int(byte >> UInt8(7 - place % 8)) & 1
            }
        }
        func type() -> Int {
            let short = bits(5)
            return short == 31 ? 32 + bits(6) : short
        }
        func rate() -> Int? {
            let index = bits(4)
            return index == 15 ? bits(24) : index < Self.rates.count ? Self.rates[index] : nil
        }
        var object = type()
        guard var sampleRate = rate() else { return nil }
        let layout = bits(4)
        var core = 1
        // 5 and 29: SBR and parametric stereo, then the rate that is heard, then the core.
        if object == 5 || object == 29 {
            guard let extended = rate() else { return nil }
            core = extended == sampleRate * 2 ? 2 : 1
            sampleRate = extended
            object = type()
        }
        // Main, LC, SSR, LTP and their error resilient relatives.
        guard [1, 2, 3, 4, 17, 19, 23].contains(object), 4000...192_000 ~= sampleRate, 1...7 ~= layout else {
            return nil
        }
        self.sampleRate = sampleRate
        channels = layout == 7 ? 8 : layout
        frameSamples = (bits(1) == 1 ? 960 : 1024) * core
    }
}
