/// A message of `observer-media`, which may say anything: a camera may have taken it over.
public enum LibraryReply {
    /// The stream is open.
    case opened(StreamDescription)
    /// A packet of it, and when it came, in nanoseconds of the machine's clock (`MonotonicInstant`).
    case packet(MediaPacket, arrival: Int64)
    /// A line of the library's, without credentials.
    case warning(String)
    /// The reason why there is no more to come.
    case failed(MediaError)
    /// A picture, as a JPEG file.
    case still([UInt8])
    /// The reason why there is no picture of a key frame.
    case noStill(MediaError)

    /// The most bytes of a message.
    public static let sizeLimit = MediaPacket.sizeLimit + (256 << 10)
    /// The most bytes of a picture.
    public static let stillLimit = 1 << 20
    private static let parameterLimit = 1 << 16
    private static let textLimit = 500
    private static let noteLimit = 16

    /// The message as it is sent, with its length; of a packet without its bytes, which follow.
    public var bytes: [UInt8] {
        var writer = MessageWriter()
        switch self {
        case .opened(let streams):
            writer.begin(1)
            Self.write(streams, to: &writer)
        case .packet(let packet, let arrival):
            writer.begin(2)
            writer.write(packet.track == .video)
            writer.write(packet.isKey)
            writer.write(packet.decodeTime)
            writer.write(packet.presentationTime)
            writer.write(packet.duration)
            writer.write(arrival)
            writer.write(packet.newParameters ?? [])
            writer.end(before: packet.bytes.count)
        case .warning(let line):
            writer.begin(3)
            writer.write(line)
        case .failed(let error):
            writer.begin(4)
            Self.write(error, to: &writer)
        case .still(let picture):
            writer.begin(5)
            writer.write(picture)
        case .noStill(let error):
            writer.begin(6)
            Self.write(error, to: &writer)
        }
        return writer.finished
    }

    /// Reads a message without its length; nil for one that cannot be.
    ///
    /// - Parameter bytes: A packet refers to them.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = MessageReader(bytes)
        guard let made = Self.read(&reader), reader.isAtEnd else { return nil }
        self = made
    }

    private static func read(_ reader: inout MessageReader) -> LibraryReply? {
        switch reader.number(UInt8.self) {
        case 1: readStreams(&reader).map { .opened($0) }
        case 2: readPacket(&reader)
        case 3: reader.text(limit: textLimit).map { .warning($0) }
        case 4: readError(&reader).map { .failed($0) }
        case 5: reader.array(limit: stillLimit).flatMap { $0.isEmpty ? nil : .still($0) }
        case 6: readError(&reader).map { .noStill($0) }
        default: nil
        }
    }

    // MARK: Packets

    private static func readPacket(_ reader: inout MessageReader) -> LibraryReply? {
        guard let isVideo = reader.flag(), let isKey = reader.flag(), let decode = reader.time(),
            let presentation = reader.time(), let duration = reader.number(Int64.self),
            MediaPacket.bounded(duration) != nil, duration >= 0, let arrival = reader.number(Int64.self),
            let parameters = reader.array(limit: parameterLimit), let bytes = reader.rest(limit: MediaPacket.sizeLimit),
            !bytes.isEmpty
        else { return nil }
        let packet = MediaPacket(
            track: isVideo ? .video : .audio,
            decodeTime: decode.value,
            presentationTime: presentation.value,
            duration: duration,
            isKey: isKey,
            newParameters: parameters.isEmpty ? nil : parameters,
            bytes: bytes
        )
        return .packet(packet, arrival: arrival)
    }

    // MARK: Errors

    private static func write(_ error: MediaError, to writer: inout MessageWriter) {
        writer.write(error.kind)
        writer.write(error.code)
        writer.write(error.detail)
    }

    private static func readError(_ reader: inout MessageReader) -> MediaError? {
        guard let kind = reader.choice(MediaError.Kind.self), let code = reader.number(Int32.self),
            let detail = reader.text(limit: textLimit)
        else { return nil }
        return MediaError(kind, detail, code: code)
    }

    // MARK: Streams

    private static func write(_ streams: StreamDescription, to writer: inout MessageWriter) {
        let video = streams.video
        writer.write(video.codec)
        writer.write(Int64(video.width))
        writer.write(Int64(video.height))
        writer.write(video.framesPerSecond)
        writer.write(video.parameters)
        writer.write(Int64(video.reorderedFrames))
        writer.write(video.hasTimestamp)
        writer.write(streams.audio != nil)
        if let audio = streams.audio {
            writer.write(audio.codec)
            writer.write(Int64(audio.sampleRate))
            writer.write(Int64(audio.channels))
            writer.write(Int64(audio.frameSamples))
            writer.write(audio.parameters)
        }
        writer.write(UInt8(min(streams.notes.count, noteLimit)))
        for note in streams.notes.prefix(noteLimit) { writer.write(note) }
        writer.write(streams.isPlaylist)
    }

    private static func readStreams(_ reader: inout MessageReader) -> StreamDescription? {
        guard let video = readVideo(&reader), let hasAudio = reader.flag() else { return nil }
        var streams = StreamDescription(video: video)
        if hasAudio {
            guard let audio = readAudio(&reader) else { return nil }
            streams.audio = audio
        }
        guard let count = reader.number(UInt8.self), count <= noteLimit else { return nil }
        for _ in 0..<count {
            guard let note = reader.text(limit: textLimit) else { return nil }
            streams.notes.append(note)
        }
        guard let isPlaylist = reader.flag() else { return nil }
        streams.isPlaylist = isPlaylist
        return streams
    }

    private static func readVideo(_ reader: inout MessageReader) -> VideoTrack? {
        guard let codec = reader.choice(VideoCodec.self), let width = reader.count(1...65_535),
            let height = reader.count(1...65_535), let rate = reader.fraction(), 0...240 ~= rate,
            let parameters = reader.array(limit: parameterLimit), let reordered = reader.count(0...16),
            let hasTimestamp = reader.flag()
        else { return nil }
        var track = VideoTrack(
            codec: codec,
            width: width,
            height: height,
            framesPerSecond: rate,
            parameters: parameters
        )
        track.reorderedFrames = reordered
        track.hasTimestamp = hasTimestamp
        return track
    }

    private static func readAudio(_ reader: inout MessageReader) -> AudioTrack? {
        guard let codec = reader.choice(AudioCodec.self), let rate = reader.count(AudioTrack.sampleRates),
            let channels = reader.count(1...8), let samples = reader.count(0...65_535),
            let parameters = reader.array(limit: parameterLimit)
        else { return nil }
        let track = AudioTrack(
            codec: codec,
            sampleRate: rate,
            channels: channels,
            frameSamples: samples,
            parameters: parameters
        )
        return track.isRecordable ? track : nil
    }
}
