import CLibAV
import Media

/// Chooses the tracks to record among those that libavformat found.
struct TrackSelector {
    let wantsAudio: Bool
    private(set) var video: (stream: UnsafeMutablePointer<AVStream>, track: VideoTrack)?
    private(set) var audio:
        (stream: UnsafeMutablePointer<AVStream>, track: AudioTrack, isADTS: Bool, encoder: AudioEncoder?)?
    private(set) var notes: [String] = []
    private var unusable: String?

    init(wantsAudio: Bool) {
        self.wantsAudio = wantsAudio
    }

    /// The reason why there is no video.
    var noVideo: MediaError {
        MediaError(.noVideo, unusable ?? "the stream has no video")
    }

    /// Discards all variants of an HLS playlist but the first that has video, so that only that one is fetched.
    static func keepOneVariant(of context: UnsafeMutablePointer<AVFormatContext>) {
        let programs = UnsafeBufferPointer(start: context.pointee.programs, count: Int(context.pointee.nb_programs))
        func indexes(_ program: UnsafeMutablePointer<AVProgram>?) -> [Int] {
            guard let program = program?.pointee else { return [] }
            return UnsafeBufferPointer(start: program.stream_index, count: Int(program.nb_stream_indexes)).map {
                Int($0)
            }
        }
        func isVideo(_ index: Int) -> Bool {
            context.pointee.streams[index]?.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
        }
        guard programs.count > 1, let kept = programs.map(indexes).first(where: { $0.contains(where: isVideo) })
        else { return }
        for index in 0..<Int(context.pointee.nb_streams) where !kept.contains(index) {
            context.pointee.streams[index]?.pointee.discard = AVDISCARD_ALL
        }
    }

    mutating func look(_ stream: UnsafeMutablePointer<AVStream>) {
        guard let parameters = stream.pointee.codecpar, stream.pointee.discard != AVDISCARD_ALL else { return }
        let name = String(cString: avcodec_get_name(parameters.pointee.codec_id))
        switch parameters.pointee.codec_type {
        case AVMEDIA_TYPE_VIDEO where video == nil:
            guard let codec = VideoCodec(parameters.pointee.codec_id) else {
                unusable = "the video codec \(name) cannot be recorded without transcoding"
                return
            }
            guard parameters.pointee.width > 0, parameters.pointee.height > 0 else {
                unusable = "the camera sent no parameter sets, so the video has no size"
                return
            }
            let rate =
                stream.pointee.avg_frame_rate.num > 0 ? stream.pointee.avg_frame_rate : stream.pointee.r_frame_rate
            var track = VideoTrack(
                codec: codec,
                width: Int(parameters.pointee.width),
                height: Int(parameters.pointee.height),
                framesPerSecond: rate.den > 0 && rate.num > 0 ? min(av_q2d(rate), 240) : 0,
                parameters: extradata(parameters)
            )
            track.reorderedFrames = Int(parameters.pointee.video_delay)
            video = (stream, track)
        case AVMEDIA_TYPE_AUDIO where audio == nil && wantsAudio:
            guard let codec = AudioCodec(parameters.pointee.codec_id),
                AudioTrack.sampleRates.contains(Int(parameters.pointee.sample_rate))
            else {
                return encodeAudio(stream, parameters: parameters, name: name)
            }
            addAudio(stream, parameters: parameters, codec: codec)
        default:
            return
        }
    }

    private mutating func addAudio(
        _ stream: UnsafeMutablePointer<AVStream>,
        parameters: UnsafeMutablePointer<AVCodecParameters>,
        codec: AudioCodec
    ) {
        var track = AudioTrack(
            codec: codec,
            sampleRate: Int(parameters.pointee.sample_rate),
            channels: max(Int(parameters.pointee.ch_layout.nb_channels), 1),
            frameSamples: Int(parameters.pointee.frame_size),
            parameters: extradata(parameters)
        )
        var isADTS = false
        if codec == .aac {
            if track.frameSamples == 0 { track.frameSamples = 1024 }
            if track.parameters.isEmpty {
                isADTS = true
                track.parameters = ADTS.configuration(sampleRate: track.sampleRate, channels: track.channels)
            }
        }
        guard track.isRecordable else { return leaveOut(codec.rawValue) }
        audio = (stream, track, isADTS, nil)
    }

    /// Linear samples, G.711 and G.726 are encoded; other codecs that a file cannot hold are left out.
    private mutating func encodeAudio(
        _ stream: UnsafeMutablePointer<AVStream>,
        parameters: UnsafeMutablePointer<AVCodecParameters>,
        name: String
    ) {
        let isSampled = name.hasPrefix("pcm_") || name.hasPrefix("g726")
        let rate = Int(parameters.pointee.sample_rate)
        let channels = Int(parameters.pointee.ch_layout.nb_channels)
        guard isSampled, SampledAudio(.l16, sampleRate: rate, channels: channels) != nil,
            let encoder = try? AudioEncoder(
                parameters.pointee.codec_id,
                rate: rate,
                channels: channels,
                bits: Int(parameters.pointee.bits_per_coded_sample)
            )
        else { return leaveOut(name) }
        audio = (stream, encoder.track, false, encoder)
    }

    private mutating func leaveOut(_ audio: String) {
        notes.append("the audio (\(audio)) was left out: MP4 or browsers cannot carry it")
    }

    private func extradata(_ parameters: UnsafeMutablePointer<AVCodecParameters>) -> [UInt8] {
        guard let data = parameters.pointee.extradata, parameters.pointee.extradata_size > 0 else { return [] }
        return Array(UnsafeBufferPointer(start: data, count: Int(parameters.pointee.extradata_size)))
    }
}
