import Encodings

/// The parameters of a payload format (`a=fmtp`), with names in any case and blanks anywhere.
public struct FormatParameters: Hashable, Sendable {
    private let values: [NamedValue]

    /// Reads the text behind the payload type.
    public init(_ text: String = "") {
        values = Array(NamedValue.list(text).prefix(RTSPLimits.parameters))
    }

    /// The value of a parameter; nil where it is missing or empty.
    public subscript(name: String) -> String? {
        let name = name.lowercased()
        return values.first { $0.name == name }?.value.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A parameter as a number; nil where it is missing, negative or above 2³¹ − 1.
    public func number(_ name: String) -> Int? {
        self[name]?.leadingNumber(upTo: Int(Int32.max))
    }

    /// The parameter sets of `sprop-parameter-sets` (RFC 6184), `sprop-vps`, `sprop-sps` and `sprop-pps` (RFC 7798).
    ///
    /// VPS come first, then SPS, then PPS, as NAL units without start codes. Where all of them are missing, `config`
    /// stands in, in which some cameras write the sets with start codes in hexadecimal.
    public var parameterSets: [[UInt8]] {
        var sets: [[UInt8]] = []
        for name in ["sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets"] {
            for text in self[name]?.split(separator: ",") ?? [] {
                sets += Self.units([UInt8](base64: text.trimmingBlanks) ?? [])
            }
        }
        if sets.isEmpty, let config = self["config"], let bytes = [UInt8](hex: config),
            bytes.starts(with: [0, 0, 1]) || bytes.starts(with: [0, 0, 0, 1])
        {
            sets = Self.units(bytes)
        }
        return Array(sets.prefix(RTSPLimits.parameterSets))
    }

    /// The AudioSpecificConfig of `config` (RFC 3640, 4.1); nil where it is missing or no hexadecimal.
    public var audioConfiguration: [UInt8]? {
        guard let config = self["config"] else { return nil }
        let digits = config.utf8.prefix { Hex.value(of: $0) != nil }
        // An odd digit at the end is half a byte that belongs to nothing.
        let bytes = [UInt8](hex: String(decoding: digits.prefix(digits.count / 2 * 2), as: UTF8.self)) ?? []
        return bytes.count >= 2 && bytes.count <= 64 ? bytes : nil
    }

    /// Splits bytes at start codes and drops zeros at the ends of units: some cameras keep both in their base64.
    private static func units(_ bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var unit: [UInt8] = []
        var zeros = 0
        for byte in bytes {
            if byte == 0 {
                zeros += 1
                continue
            }
            if zeros >= 2, byte == 1 {
                if !unit.isEmpty { result.append(unit) }
                unit = []
            } else {
                if !unit.isEmpty { unit += [UInt8](repeating: 0, count: zeros) }
                unit.append(byte)
            }
            zeros = 0
        }
        if !unit.isEmpty { result.append(unit) }
        return result.filter { $0.count >= 2 }
    }
}
