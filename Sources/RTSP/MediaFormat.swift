/// A payload format of a track.
public struct MediaFormat: Hashable, Sendable {
    /// 0 to 127.
    public let payloadType: UInt8
    /// The name of the encoding in upper case: `H264`, `H265`, `MPEG4-GENERIC`, `PCMU`.
    public let encoding: String
    /// Ticks of RTP time per second; never 0.
    public let clockRate: Int
    /// Channels of audio, 1 where none are named.
    public let channels: Int
    /// The parameters of `a=fmtp`.
    public let parameters: FormatParameters

    /// Creates a format.
    public init(
        payloadType: UInt8,
        encoding: String,
        clockRate: Int,
        channels: Int = 1,
        parameters: FormatParameters = FormatParameters()
    ) {
        self.payloadType = payloadType
        self.encoding = encoding
        self.clockRate = clockRate
        self.channels = channels
        self.parameters = parameters
    }

    /// The format of a payload type that needs no `a=rtpmap` (RFC 3551, 6); nil for all others.
    static func assigned(_ type: UInt8) -> (encoding: String, clockRate: Int, channels: Int)? {
        switch type {
        case 0: ("PCMU", 8_000, 1)
        case 3: ("GSM", 8_000, 1)
        case 4: ("G723", 8_000, 1)
        case 5: ("DVI4", 8_000, 1)
        case 6: ("DVI4", 16_000, 1)
        case 7: ("LPC", 8_000, 1)
        case 8: ("PCMA", 8_000, 1)
        // The clock of G.722 is 8 kHz by an error of RFC 1890 that was kept; it samples at 16 kHz.
        case 9: ("G722", 8_000, 1)
        case 10: ("L16", 44_100, 2)
        case 11: ("L16", 44_100, 1)
        case 12: ("QCELP", 8_000, 1)
        case 13: ("CN", 8_000, 1)
        case 14: ("MPA", 90_000, 1)
        case 15: ("G728", 8_000, 1)
        case 16: ("DVI4", 11_025, 1)
        case 17: ("DVI4", 22_050, 1)
        case 18: ("G729", 8_000, 1)
        case 25: ("CELB", 90_000, 1)
        case 26: ("JPEG", 90_000, 1)
        case 28: ("NV", 90_000, 1)
        case 31: ("H261", 90_000, 1)
        case 32: ("MPV", 90_000, 1)
        case 33: ("MP2T", 90_000, 1)
        case 34: ("H263", 90_000, 1)
        default: nil
        }
    }

    /// Returns true for formats that only protect or repeat another one.
    var isAuxiliary: Bool {
        ["RTX", "RED", "ULPFEC", "FLEXFEC", "PARITYFEC", "TELEPHONE-EVENT", "CN"].contains(encoding)
    }
}
