import CLibAV
import Glibc

/// Muxes one segment: self-contained fragmented MP4 with CMAF brands, playable alone, its `tfdt` on the run's timeline.
///
/// The caller says where fragments end. Written with the same tracks, two segments have the same init section. Muxer
/// settings: `frag_custom` (we flush), `empty_moov` (playable from the first byte), `cmaf` (default-base-is-moof, negative
/// composition offsets instead of edit lists), `frag_discont` without edit lists (the first `tfdt` is our time),
/// `skip_trailer`, bit-exact (no dates), `prft` (UTC inside the file). Used by one thread.
final class SegmentMuxer {
    private let context: UnsafeMutablePointer<AVFormatContext>
    private let sink: UnsafeMutablePointer<observer_sink>
    private var packet: UnsafeMutablePointer<AVPacket>?
    private let audioRate: Int64
    private let audioOffset: Int32
    private var fragmentHasData = false
    private var fragmentNeedsTime = true
    private var lastFragmentBytes = 64 * 1024
    /// Samples in the fragment being built; the index of a fragment must fit the muxer's buffer.
    private(set) var fragmentSamples = 0
    /// Bytes put into the fragment being built.
    private(set) var fragmentBytes = 0

    /// Prepares a segment with these tracks.
    init(_ streams: StreamDescription) throws(MediaError) {
        var made: UnsafeMutablePointer<AVFormatContext>?
        guard avformat_alloc_output_context2(&made, nil, "mp4", nil) >= 0, let made else {
            throw MediaError(.file, "no memory for a segment")
        }
        context = made
        sink = .allocate(capacity: 1)
        sink.initialize(to: observer_sink())
        packet = av_packet_alloc()
        audioRate = Int64(streams.audio?.sampleRate ?? 1)
        audioOffset = 1
        made.pointee.pb = observer_sink_open(sink)
        made.pointee.flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT
        made.pointee.avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED
        try addVideo(streams.video)
        if let audio = streams.audio { try addAudio(audio) }
    }

    deinit {
        av_packet_free(&packet)
        var io: UnsafeMutablePointer<AVIOContext>? = context.pointee.pb
        observer_sink_close(&io)
        context.pointee.pb = nil
        avformat_free_context(context)
        free(sink.pointee.data)
        sink.deallocate()
    }

    /// Writes the init section.
    func begin() throws(MediaError) -> MediaBytes {
        var options: OpaquePointer?
        av_dict_set(&options, "movflags", "frag_custom+empty_moov+cmaf+skip_trailer+frag_discont", 0)
        av_dict_set(&options, "use_editlist", "0", 0)
        av_dict_set(&options, "write_prft", "wallclock", 0)
        let result = avformat_write_header(context, &options)
        av_dict_free(&options)
        guard result >= 0 else {
            throw MediaError(.badStream, "MP4 cannot hold this stream", code: result)
        }
        avio_flush(context.pointee.pb)
        guard let bytes = MediaBytes(taking: sink), bytes.begins(with: "ftyp") else {
            throw MediaError(.file, "the init section came out wrong")
        }
        return bytes
    }

    /// Writes a packet.
    ///
    /// - Parameters:
    ///   - track: Its track.
    ///   - timestamp: Its times on the run's timeline, in ticks of the track.
    ///   - duration: Until the next packet of the track, in ticks.
    ///   - isKey: Whether decoding can start with it.
    ///   - wallClock: UTC of the packet in microseconds since 1970, written into the fragment it begins.
    ///   - bytes: The packet.
    /// - Throws: `badStream` if it does not fit.
    func write(
        _ track: MediaPacket.Track,
        timestamp: Timeline.FrameTime,
        duration: Int64,
        isKey: Bool,
        wallClock: Int64,
        bytes: UnsafeRawBufferPointer
    ) throws(MediaError) {
        guard let packet, let data = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
        packet.pointee.data = UnsafeMutablePointer(mutating: data)
        packet.pointee.size = Int32(clamping: bytes.count)
        packet.pointee.stream_index = track == .video ? 0 : audioOffset
        packet.pointee.dts = timestamp.decode
        packet.pointee.pts = timestamp.presentation
        packet.pointee.duration = duration
        packet.pointee.flags = isKey ? AV_PKT_FLAG_KEY : 0
        packet.pointee.pos = -1
        if fragmentNeedsTime, track == .video {
            fragmentNeedsTime = false
            attachTime(wallClock, to: packet)
        }
        let result = av_write_frame(context, packet)
        av_packet_free_side_data(packet)
        packet.pointee.data = nil
        packet.pointee.size = 0
        guard result >= 0 else {
            throw MediaError(.badStream, "a packet does not fit its track", code: result)
        }
        fragmentHasData = true
        fragmentSamples += 1
        fragmentBytes += bytes.count
    }

    /// Ends the fragment; nil if nothing was written since the last one.
    func endFragment() throws(MediaError) -> MediaBytes? {
        guard fragmentHasData else { return nil }
        let capacity = lastFragmentBytes + lastFragmentBytes / 8
        sink.pointee.data = malloc(capacity)?.assumingMemoryBound(to: UInt8.self)
        sink.pointee.capacity = sink.pointee.data == nil ? 0 : capacity
        let result = av_write_frame(context, nil)
        avio_flush(context.pointee.pb)
        fragmentHasData = false
        fragmentNeedsTime = true
        fragmentSamples = 0
        fragmentBytes = 0
        guard result >= 0, !sink.pointee.failed, let bytes = MediaBytes(taking: sink),
            bytes.begins(with: "prft") || bytes.begins(with: "moof")
        else {
            throw MediaError(.file, "a fragment came out wrong", code: result)
        }
        lastFragmentBytes = bytes.count
        return bytes
    }

    private func attachTime(_ wallClock: Int64, to packet: UnsafeMutablePointer<AVPacket>) {
        let size = MemoryLayout<AVProducerReferenceTime>.size
        guard let memory = av_packet_new_side_data(packet, AV_PKT_DATA_PRFT, size) else { return }
        // Flag 24 of prft version 1: the time at which the sample was captured (ISO/IEC 14496-12, 8.16.5).
        let time = AVProducerReferenceTime(wallclock: wallClock, flags: 24)
        UnsafeMutableRawPointer(memory).copyMemory(from: [time], byteCount: size)
    }

    private func addVideo(_ video: VideoTrack) throws(MediaError) {
        let stream = try addStream()
        let parameters = stream.pointee.codecpar
        parameters?.pointee.codec_type = AVMEDIA_TYPE_VIDEO
        parameters?.pointee.codec_id = video.codec.identifier
        parameters?.pointee.width = Int32(clamping: video.width)
        parameters?.pointee.height = Int32(clamping: video.height)
        if video.codec == .h265 { parameters?.pointee.codec_tag = 0x3163_7668 }  // "hvc1": Apple takes no other
        setExtradata(video.parameters, of: parameters)
        stream.pointee.time_base = AVRational(num: 1, den: 90_000)
        if video.framesPerSecond > 0 {
            stream.pointee.avg_frame_rate = av_d2q(video.framesPerSecond, 100_000)
        }
    }

    private func addAudio(_ audio: AudioTrack) throws(MediaError) {
        let stream = try addStream()
        guard let parameters = stream.pointee.codecpar else { return }
        parameters.pointee.codec_type = AVMEDIA_TYPE_AUDIO
        parameters.pointee.codec_id = audio.codec.identifier
        parameters.pointee.sample_rate = Int32(clamping: audio.sampleRate)
        parameters.pointee.frame_size = Int32(clamping: audio.frameSamples)
        observer_set_native_channels(parameters, Int32(clamping: audio.channels))
        setExtradata(audio.parameters, of: parameters)
        stream.pointee.time_base = AVRational(num: 1, den: Int32(clamping: audio.sampleRate))
    }

    private func addStream() throws(MediaError) -> UnsafeMutablePointer<AVStream> {
        guard let stream = avformat_new_stream(context, nil) else {
            throw MediaError(.file, "no memory for a track")
        }
        return stream
    }

    private func setExtradata(_ bytes: [UInt8], of parameters: UnsafeMutablePointer<AVCodecParameters>?) {
        guard !bytes.isEmpty, let parameters else { return }
        let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)
        guard let memory = av_mallocz(bytes.count + padding) else { return }
        memory.copyMemory(from: bytes, byteCount: bytes.count)
        parameters.pointee.extradata = memory.assumingMemoryBound(to: UInt8.self)
        parameters.pointee.extradata_size = Int32(clamping: bytes.count)
    }
}

extension VideoCodec {
    var identifier: AVCodecID {
        switch self {
        case .h264: AV_CODEC_ID_H264
        case .h265: AV_CODEC_ID_HEVC
        case .av1: AV_CODEC_ID_AV1
        case .mjpeg: AV_CODEC_ID_MJPEG
        case .mpeg4: AV_CODEC_ID_MPEG4
        }
    }

    init?(_ identifier: AVCodecID) {
        guard let codec = VideoCodec.allCases.first(where: { $0.identifier == identifier }) else { return nil }
        self = codec
    }
}

extension AudioCodec {
    var identifier: AVCodecID {
        switch self {
        case .aac: AV_CODEC_ID_AAC
        case .mp3: AV_CODEC_ID_MP3
        case .opus: AV_CODEC_ID_OPUS
        }
    }

    init?(_ identifier: AVCodecID) {
        guard let codec = AudioCodec.allCases.first(where: { $0.identifier == identifier }) else { return nil }
        self = codec
    }
}
