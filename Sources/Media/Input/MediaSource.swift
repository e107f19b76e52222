/// Where packets come from: a camera, a server, a file.
///
/// All calls come from one thread and block; each ends within a deadline of the source's own, and soon after the
/// `MediaInterrupt` it was made with is stopped. The rest of the module knows streams through this protocol alone.
public protocol MediaSource {
    /// Connects and finds out what the stream is.
    ///
    /// - Throws: The cause as a person would name it.
    mutating func open() throws(MediaError) -> StreamDescription

    /// Waits for the next packet; its bytes are valid until the next call.
    ///
    /// - Throws: `stalled` when no video came in time; whatever ended the stream otherwise. Then only `close` is left.
    mutating func next() throws(MediaError) -> MediaPacket

    /// Tears down the session and frees all resources; harmless when not open.
    mutating func close()
}

/// The tracks of a stream that can be recorded.
public struct StreamDescription: Hashable, Sendable {
    /// Video.
    public var video: VideoTrack
    /// The audio, if it was asked for and MP4 can hold it.
    public var audio: AudioTrack?
    /// The parts that were left out and why, a sentence each.
    public var notes: [String]

    /// Creates a description.
    public init(video: VideoTrack, audio: AudioTrack? = nil, notes: [String] = []) {
        self.video = video
        self.audio = audio
        self.notes = notes
    }
}

/// Video codecs that are recorded as they come.
public enum VideoCodec: String, Hashable, Sendable, CaseIterable {
    /// H.264 and its relatives, by the names that people use.
    case h264, h265, av1, mjpeg, mpeg4
}

/// A video track; its packets' times are in 1/90000 s.
public struct VideoTrack: Hashable, Sendable {
    /// The codec.
    public var codec: VideoCodec
    /// Size in pixels.
    public var width: Int
    /// Size in pixels.
    public var height: Int
    /// Frames a second as announced; 0 if not.
    public var framesPerSecond: Double
    /// Parameter sets: a configuration record (first byte 1), Annex B, or nothing.
    public var parameters: [UInt8]
    /// True if packets say when they are shown; otherwise their arrival is all that is known.
    public var hasTimestamp = true

    /// Creates a track.
    public init(codec: VideoCodec, width: Int, height: Int, framesPerSecond: Double = 0, parameters: [UInt8] = []) {
        self.codec = codec
        self.width = width
        self.height = height
        self.framesPerSecond = framesPerSecond
        self.parameters = parameters
    }
}

/// Audio codecs that are recorded as they come.
public enum AudioCodec: String, Hashable, Sendable, CaseIterable {
    /// Codecs that both MP4 and browsers take.
    case aac, mp3, opus
}

/// An audio track; its packets' times are in `1 / sampleRate` s.
public struct AudioTrack: Hashable, Sendable {
    /// The codec.
    public var codec: AudioCodec
    /// Samples a second.
    public var sampleRate: Int
    /// Number of channels.
    public var channels: Int
    /// Samples in a packet; 0 if not known.
    public var frameSamples: Int
    /// The decoder's configuration, for AAC an AudioSpecificConfig.
    public var parameters: [UInt8]

    /// Creates a track.
    public init(codec: AudioCodec, sampleRate: Int, channels: Int, frameSamples: Int = 0, parameters: [UInt8] = []) {
        self.codec = codec
        self.sampleRate = sampleRate
        self.channels = channels
        self.frameSamples = frameSamples
        self.parameters = parameters
    }
}

/// One coded frame, or a few milliseconds of audio.
public struct MediaPacket {
    /// Which track a packet belongs to.
    public enum Track: Hashable, Sendable {
        /// Video.
        case video
        /// Audio.
        case audio
    }

    /// The track.
    public var track: Track
    /// When to decode, in ticks of the track, as the source says; nil if it does not.
    public var decodeTime: Int64?
    /// When to show, in ticks of the track, as the source says; nil if it does not.
    public var presentationTime: Int64?
    /// How long it lasts, in ticks of the track; 0 if the source does not say.
    public var duration: Int64
    /// True if the source says that decoding may start here.
    public var isKey: Bool
    /// New parameter sets that came beside the packet, as in FLV.
    public var newParameters: [UInt8]?
    /// The coded bytes, owned by the source.
    public var bytes: UnsafeRawBufferPointer

    /// Creates a packet.
    public init(
        track: Track,
        decodeTime: Int64?,
        presentationTime: Int64?,
        duration: Int64 = 0,
        isKey: Bool = false,
        newParameters: [UInt8]? = nil,
        bytes: UnsafeRawBufferPointer
    ) {
        self.track = track
        self.decodeTime = decodeTime
        self.presentationTime = presentationTime
        self.duration = duration
        self.isKey = isKey
        self.newParameters = newParameters
        self.bytes = bytes
    }
}
