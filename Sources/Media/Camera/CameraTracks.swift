import Encodings
import MP4
import RTP
import RTSP

/// The formats of RTP that are read without a library, and what they are in a file.
enum CameraTracks {
    /// Encodings of audio that go into a file as they are, the best first.
    static let audioEncodings = ["MPEG4-GENERIC", "OPUS", "MP4A-LATM", "MPA"] + samples.map(\.encoding)

    /// Encodings of audio that is encoded to AAC for a file, the best first.
    private static let samples: [(encoding: String, coding: SampledAudio.Coding)] = [
        ("L16", .l16), ("PCMA", .pcma), ("PCMU", .pcmu), ("G726-40", .g726x5), ("G726-32", .g726x4),
        ("G726-24", .g726x3), ("G726-16", .g726x2),
    ]

    /// The audio of a track that is to be encoded; nil for all others.
    static func samples(_ track: RTSPTrack) -> (audio: SampledAudio, depacketizer: any Depacketizer)? {
        guard let coding = samples.first(where: { $0.encoding == track.format.encoding })?.coding,
            let audio = SampledAudio(coding, sampleRate: track.format.clockRate, channels: track.format.channels)
        else { return nil }
        return (audio, SampleDepacketizer(bitsPerSample: coding.bits, channels: audio.channels))
    }

    /// The video of a track; nil where a library is needed to read it.
    static func video(_ track: RTSPTrack) -> (track: VideoTrack, depacketizer: any Depacketizer)? {
        let sets = track.format.parameters.parameterSets
        let depacketizer: any Depacketizer
        let codec: VideoCodec
        switch track.format.encoding {
        case "H264":
            codec = .h264
            depacketizer = H264Depacketizer(parameterSets: sets)
        case "H265", "HEVC":
            codec = .h265
            let hasDecodingOrder = (track.format.parameters.number("sprop-max-don-diff") ?? 0) > 0
            depacketizer = H265Depacketizer(parameterSets: sets, hasDecodingOrder: hasDecodingOrder)
        case "JPEG":
            codec = .mjpeg
            depacketizer = JPEGDepacketizer(dimensions: track.media.dimensions.map { ($0.width, $0.height) })
        default: return nil
        }
        let units = depacketizer.parameterSets.units
        let format: VideoFormat? =
            switch codec {
            case .h264: AVCConfiguration(units: units).map { VideoFormat($0) }
            case .h265: HEVCConfiguration(units: units).map { VideoFormat($0) }
            // The size comes with each frame.
            case .av1, .mjpeg, .mpeg4: nil
            }
        let video = VideoTrack(
            codec: codec,
            width: format?.width ?? 0,
            height: format?.height ?? 0,
            framesPerSecond: min(max(track.media.frameRate ?? 0, 0), 240),
            parameters: units.flatMap { [0, 0, 0, 1] + $0 }
        )
        return (video, depacketizer)
    }

    /// The audio of a track; nil where MP4 or browsers cannot carry it, or its parameters are missing.
    static func audio(_ track: RTSPTrack) -> (track: AudioTrack, depacketizer: any Depacketizer)? {
        let parameters = track.format.parameters
        switch track.format.encoding {
        case "MPEG4-GENERIC": return aac(track, configuration: parameters.audioConfiguration)
        case "MP4A-LATM":
            // Without the configuration in the description each packet has one, which this reader does not follow.
            guard parameters["cpresent"] == "0", let stream = parameters.audioConfiguration,
                let configuration = LATMDepacketizer.audioConfiguration(ofStream: stream)
            else { return nil }
            let audio = AACConfiguration(configuration)
            guard let audio else { return nil }
            return (
                Self.track(.aac, audio, parameters: configuration),
                LATMDepacketizer(duration: Int64(audio.frameSamples))
            )
        case "OPUS":
            let channels = parameters.number("sprop-stereo") == 1 ? 2 : 1
            return (
                AudioTrack(codec: .opus, sampleRate: 48_000, channels: channels, frameSamples: 960), OpusDepacketizer()
            )
        default: return nil
        }
    }

    /// The audio of a stream by its first frame (MPEG audio); nil for layers that browsers cannot play.
    static func audio(_ header: MPEGAudioHeader) -> AudioTrack? {
        guard header.layer == 3 else { return nil }
        return AudioTrack(
            codec: .mp3,
            sampleRate: header.sampleRate,
            channels: header.channels,
            frameSamples: header.samples
        )
    }

    private static func aac(
        _ track: RTSPTrack,
        configuration: [UInt8]?
    ) -> (track: AudioTrack, depacketizer: any Depacketizer)? {
        let bytes =
            configuration
            ?? ADTS.configuration(sampleRate: track.format.clockRate, channels: min(track.format.channels, 7))
        guard let audio = AACConfiguration(bytes) else { return nil }
        let parameters = track.format.parameters
        var layout = AACDepacketizer.Configuration()
        if parameters["mode"]?.lowercased() == "aac-lbr" { layout = .lowBitRate }
        layout.sizeLength = parameters.number("sizelength") ?? layout.sizeLength
        layout.indexLength = parameters.number("indexlength") ?? layout.indexLength
        layout.indexDeltaLength = parameters.number("indexdeltalength") ?? layout.indexDeltaLength
        layout.compositionTimeLength = parameters.number("ctsdeltalength") ?? 0
        layout.decodingTimeLength = parameters.number("dtsdeltalength") ?? 0
        layout.hasRandomAccessFlag = parameters.number("randomaccessindication") == 1
        layout.streamStateLength = parameters.number("streamstateindication") ?? 0
        layout.auxiliarySizeLength = parameters.number("auxiliarydatasizelength") ?? 0
        layout.constantSize = parameters.number("constantsize") ?? 0
        // The clock may be that of the core, at half the rate of what is heard (SBR).
        let rate = Int64(max(audio.sampleRate, 1))
        layout.duration = Int64(audio.frameSamples) * Int64(track.format.clockRate) / rate
        return (Self.track(.aac, audio, parameters: bytes), AACDepacketizer(configuration: layout))
    }

    private static func track(_ codec: AudioCodec, _ audio: AACConfiguration, parameters: [UInt8]) -> AudioTrack {
        AudioTrack(
            codec: codec,
            sampleRate: audio.sampleRate,
            channels: audio.channels,
            frameSamples: audio.frameSamples,
            parameters: parameters
        )
    }
}
