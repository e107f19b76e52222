import CLibAV
import Encodings
public import Media

/// Encodes audio that a file cannot hold to AAC.
///
/// Times count samples. What is missing up to two seconds becomes silence, so that audio stays with the video.
public final class AudioEncoder {
    /// Timestamps that deviate by less are taken for inexact.
    private static let tolerance = 0.1
    private static let longestSilence = 2.0
    private static let frameSamples = 1024

    /// The encoded track.
    public let track: AudioTrack
    private let rate: Int
    private let channels: Int
    private var decoder: UnsafeMutablePointer<AVCodecContext>?
    private var encoder: UnsafeMutablePointer<AVCodecContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    /// Samples that wait for a whole frame, the channels of each together.
    private var waiting: [Float] = []
    /// The time of the first sample that waits.
    private var begin: Int64?
    private var ready: [(time: Int64, bytes: [UInt8])] = []
    private let output = ByteBuffer(capacity: 1024)

    /// Creates an encoder of samples.
    ///
    /// - Throws: `file` where the library refuses.
    public convenience init(_ audio: SampledAudio) throws(MediaError) {
        let identifier =
            switch audio.coding {
            case .pcmu: AV_CODEC_ID_PCM_MULAW
            case .pcma: AV_CODEC_ID_PCM_ALAW
            case .l16: AV_CODEC_ID_PCM_S16BE
            case .g726x2, .g726x3, .g726x4, .g726x5: AV_CODEC_ID_ADPCM_G726LE
            }
        try self.init(identifier, rate: audio.sampleRate, channels: audio.channels, bits: audio.coding.bits)
    }

    /// Creates an encoder of a codec of the library's.
    init(_ identifier: AVCodecID, rate: Int, channels: Int, bits: Int) throws(MediaError) {
        self.rate = rate
        self.channels = channels
        track = .encoded(sampleRate: rate, channels: channels)
        packet = av_packet_alloc()
        frame = av_frame_alloc()
        decoder = Self.open(avcodec_find_decoder(identifier), rate: rate, channels: channels) { context in
            context.pointee.bits_per_coded_sample = Int32(clamping: bits)
        }
        encoder = Self.open(avcodec_find_encoder(AV_CODEC_ID_AAC), rate: rate, channels: channels) { context in
            context.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
            context.pointee.bit_rate = Int64(min(rate * 4, 96_000) * channels)
            // Measured: a third of the time of the usual one, which tries each quantizer twice over; speech hears no difference.
            av_opt_set(context.pointee.priv_data, "aac_coder", "fast", 0)
        }
        guard decoder != nil, let encoder, Int(encoder.pointee.frame_size) == Self.frameSamples, packet != nil,
            frame != nil
        else { throw MediaError(.file, "the library cannot encode this audio") }
    }

    deinit {
        avcodec_free_context(&decoder)
        avcodec_free_context(&encoder)
        av_packet_free(&packet)
        av_frame_free(&frame)
    }

    private static func open(
        _ codec: UnsafePointer<AVCodec>?,
        rate: Int,
        channels: Int,
        _ set: (UnsafeMutablePointer<AVCodecContext>) -> Void
    ) -> UnsafeMutablePointer<AVCodecContext>? {
        guard let codec, let context = avcodec_alloc_context3(codec) else { return nil }
        context.pointee.sample_rate = Int32(clamping: rate)
        context.pointee.time_base = AVRational(num: 1, den: Int32(clamping: rate))
        context.pointee.thread_count = 1
        av_channel_layout_default(&context.pointee.ch_layout, Int32(clamping: channels))
        set(context)
        if avcodec_open2(context, codec, nil) >= 0 { return context }
        var freed: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&freed)
        return nil
    }

    /// Takes a packet; one that cannot be decoded is left out.
    ///
    /// - Parameters:
    ///   - bytes: The packet.
    ///   - time: The time of its first sample; nil to follow the one before.
    public func take(_ bytes: UnsafeRawBufferPointer, time: Int64?) {
        guard let packet, let source = bytes.baseAddress, av_new_packet(packet, Int32(clamping: bytes.count)) >= 0
        else {
            return
        }
        UnsafeMutableRawPointer(packet.pointee.data).copyMemory(from: source, byteCount: bytes.count)
        let result = avcodec_send_packet(decoder, packet)
        av_packet_unref(packet)
        guard result >= 0 else { return }
        var time = time
        while let frame, avcodec_receive_frame(decoder, frame) >= 0 {
            align(time)
            time = nil
            append(frame)
            av_frame_unref(frame)
        }
        encodeWhole()
    }

    /// The next encoded frame, valid until the next call; nil if there is none yet.
    public func next() -> (time: Int64, bytes: UnsafeRawBufferPointer)? {
        guard !ready.isEmpty else { return nil }
        let (time, bytes) = ready.removeFirst()
        output.removeAll()
        output.append(bytes)
        return (time, output.bytes)
    }

    // MARK: Samples

    /// Fills up to the time of the samples that follow, or begins anew there.
    private func align(_ time: Int64?) {
        guard let time = time.flatMap(MediaPacket.bounded) else { return }
        guard let begin else {
            self.begin = time
            return
        }
        let missing = time - begin - Int64(waiting.count / channels)
        let seconds = Double(missing) / Double(rate)
        if abs(seconds) <= Self.tolerance { return }
        if 0...Self.longestSilence ~= seconds {
            waiting += repeatElement(0, count: Int(missing) * channels)
            return
        }
        if !waiting.isEmpty {
            let left = waiting.count % (Self.frameSamples * channels)
            waiting += repeatElement(0, count: Self.frameSamples * channels - left)
            encodeWhole()
        }
        self.begin = time
    }

    private func append(_ frame: UnsafeMutablePointer<AVFrame>) {
        let count = Int(frame.pointee.nb_samples)
        guard Int(frame.pointee.ch_layout.nb_channels) == channels, count > 0, count <= 1 << 16 else { return }
        let format = AVSampleFormat(frame.pointee.format)
        let isPlanar = av_sample_fmt_is_planar(format) != 0
        let packed = av_get_packed_sample_fmt(format)
        for sample in 0..<count {
            for channel in 0..<channels {
                guard let plane = frame.pointee.extended_data[isPlanar ? channel : 0] else { return }
                let index = isPlanar ? sample : sample * channels + channel
                guard let value = Self.value(at: index, in: UnsafeRawPointer(plane), as: packed) else {
                    return
                }
                waiting.append(value)
            }
        }
    }

    private static func value(at index: Int, in plane: UnsafeRawPointer, as format: AVSampleFormat) -> Float? {
        switch format {
        case AV_SAMPLE_FMT_S16: Float(plane.load(fromByteOffset: index * 2, as: Int16.self)) / 32_768
        case AV_SAMPLE_FMT_S32: Float(plane.load(fromByteOffset: index * 4, as: Int32.self)) / 2_147_483_648
        case AV_SAMPLE_FMT_U8: (Float(plane.load(fromByteOffset: index, as: UInt8.self)) - 128) / 128
        case AV_SAMPLE_FMT_FLT: plane.load(fromByteOffset: index * 4, as: Float.self)
        default: nil
        }
    }

    // MARK: Frames

    private func encodeWhole() {
        let size = Self.frameSamples * channels
        var used = 0
        while waiting.count - used >= size {
            encode(waiting[used..<used + size])
            used += size
            begin = begin.map { $0 + Int64(Self.frameSamples) }
        }
        waiting.removeFirst(used)
    }

    private func encode(_ samples: ArraySlice<Float>) {
        guard let frame, let encoder, let packet else { return }
        frame.pointee.nb_samples = Int32(Self.frameSamples)
        frame.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
        frame.pointee.sample_rate = Int32(clamping: rate)
        frame.pointee.pts = begin ?? 0
        av_channel_layout_default(&frame.pointee.ch_layout, Int32(clamping: channels))
        defer { av_frame_unref(frame) }
        guard av_frame_get_buffer(frame, 0) >= 0 else { return }
        for channel in 0..<channels {
            guard let plane = frame.pointee.extended_data[channel] else { return }
            let target = UnsafeMutableRawPointer(plane).assumingMemoryBound(to: Float.self)
            for sample in 0..<Self.frameSamples {
                target[sample] = samples[samples.startIndex + sample * channels + channel]
            }
        }
        guard avcodec_send_frame(encoder, frame) >= 0 else { return }
        while avcodec_receive_packet(encoder, packet) >= 0 {
            if let data = packet.pointee.data, packet.pointee.size > 0, packet.pointee.pts != .min {
                ready.append(
                    (packet.pointee.pts, Array(UnsafeBufferPointer(start: data, count: Int(packet.pointee.size))))
                )
            }
            av_packet_unref(packet)
        }
    }
}
