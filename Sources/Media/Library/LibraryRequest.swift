import Crypto

/// A message to `observer-media`.
///
/// The first one says what the process is for, and nobody but its parent sends any.
public enum LibraryRequest: Hashable, Sendable {
    /// Reads a stream until its end.
    case read(LibraryStream)
    /// Creates pictures of the key frames that follow.
    case stills
    /// Creates a picture of a key frame.
    case still(KeyFrame)
    /// Begins a group of frames, of which the first one is a key frame.
    case group(VideoCodec, parameters: [UInt8])
    /// The next frame of the group; of one that is shown a picture is created, with which the group ends.
    case frame([UInt8], isShown: Bool)
    /// Encodes the samples that follow.
    case encode(SampledAudio)
    /// Encodes samples; `timestamp` counts samples, `arrival` nanoseconds of the machine's clock.
    case samples([UInt8], timestamp: Int64, arrival: Int64)

    /// The most bytes of a message.
    public static let sizeLimit = MediaPacket.sizeLimit + (256 << 10)

    /// The message as it is sent, with its length.
    public var bytes: [UInt8] {
        var writer = MessageWriter()
        switch self {
        case .read(let stream):
            writer.begin(1)
            writer.write(stream.address)
            writer.write(stream.login != nil)
            writer.write(stream.login?.user ?? "")
            writer.write(stream.login?.password.expose() ?? "")
            writer.write(stream.transport)
            writer.write(stream.trust.text)
            writer.write(stream.wantsAudio)
            writer.write(Int64(stream.openLimit / .milliseconds(1)))
            writer.write(Int64(stream.stallLimit / .milliseconds(1)))
            writer.write(stream.networks)
        case .stills:
            writer.begin(2)
        case .still(let frame):
            writer.begin(3)
            writer.write(frame.codec)
            writer.write(frame.parameters)
            writer.write(frame.bytes)
        case .encode(let audio):
            writer.begin(4)
            writer.write(audio.coding)
            writer.write(Int64(audio.sampleRate))
            writer.write(Int64(audio.channels))
        case .samples(let bytes, let timestamp, let arrival):
            writer.begin(5)
            writer.write(timestamp)
            writer.write(arrival)
            writer.write(bytes)
        case .group(let codec, let parameters):
            writer.begin(6)
            writer.write(codec)
            writer.write(parameters)
        case .frame(let bytes, let isShown):
            writer.begin(7)
            writer.write(isShown)
            writer.write(bytes)
        }
        return writer.finished
    }

    /// Reads a message without its length; nil for one that cannot be.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = MessageReader(bytes)
        guard let made = Self.read(&reader), reader.isAtEnd else { return nil }
        self = made
    }

    private static func read(_ reader: inout MessageReader) -> LibraryRequest? {
        switch reader.number(UInt8.self) {
        case 1: return readStream(&reader).map { .read($0) }
        case 2: return .stills
        case 3:
            guard let codec = reader.choice(VideoCodec.self), let parameters = reader.array(limit: 1 << 16),
                let bytes = reader.array(limit: MediaPacket.sizeLimit)
            else { return nil }
            return .still(KeyFrame(codec: codec, parameters: parameters, bytes: bytes))
        case 4:
            guard let coding = reader.choice(SampledAudio.Coding.self), let rate = reader.count(1...384_000),
                let channels = reader.count(1...8)
            else { return nil }
            return SampledAudio(coding, sampleRate: rate, channels: channels).map { .encode($0) }
        case 5:
            guard let timestamp = reader.number(Int64.self), MediaPacket.bounded(timestamp) != nil,
                let arrival = reader.number(Int64.self), let bytes = reader.array(limit: 1 << 16)
            else { return nil }
            return .samples(bytes, timestamp: timestamp, arrival: arrival)
        case 6:
            guard let codec = reader.choice(VideoCodec.self), let parameters = reader.array(limit: 1 << 16) else {
                return nil
            }
            return .group(codec, parameters: parameters)
        case 7:
            guard let isShown = reader.flag(), let bytes = reader.array(limit: MediaPacket.sizeLimit) else {
                return nil
            }
            return .frame(bytes, isShown: isShown)
        default: return nil
        }
    }

    private static func readStream(_ reader: inout MessageReader) -> LibraryStream? {
        guard let address = reader.text(limit: 1 << 14), let hasLogin = reader.flag(),
            let user = reader.text(limit: 1 << 12), let password = reader.text(limit: 1 << 12),
            let transport = reader.choice(LibraryStream.Transport.self),
            let trust = reader.text(limit: 100).flatMap({ CertificateTrust($0) }), let wantsAudio = reader.flag(),
            let opening = reader.number(Int64.self), let stall = reader.number(Int64.self),
            0...3_600_000 ~= opening, 0...3_600_000 ~= stall, let networks = reader.text(limit: 1 << 16)
        else { return nil }
        var stream = LibraryStream(address: address)
        stream.login = hasLogin ? LibraryStream.Login(user: user, password: Secret(password)) : nil
        stream.transport = transport
        stream.trust = trust
        stream.wantsAudio = wantsAudio
        stream.openLimit = .milliseconds(opening)
        stream.stallLimit = .milliseconds(stall)
        stream.networks = networks
        return stream
    }
}
