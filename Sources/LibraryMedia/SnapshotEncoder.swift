import CLibAV
import Glibc
public import Media

/// Creates a small JPEG of a key frame: decode, scale, encode.
///
/// It takes 5 to 7 ms for 720p, so never on a packet path.
public enum SnapshotEncoder {
    /// Decodes and encodes.
    ///
    /// - Parameters:
    ///   - keyFrame: What to show.
    ///   - width: Width of the result in pixels; its height follows. Smaller frames keep their size.
    /// - Returns: A JPEG file.
    /// - Throws: `badStream` if it cannot be decoded.
    public static func jpeg(_ keyFrame: KeyFrame, width: Int = 640) throws(MediaError) -> [UInt8] {
        var decoded = try decode(keyFrame)
        defer { av_frame_free(&decoded) }
        return try jpeg(decoded: decoded, width: width)
    }

    /// Scales and encodes a decoded frame.
    static func jpeg(decoded: UnsafeMutablePointer<AVFrame>?, width: Int) throws(MediaError) -> [UInt8] {
        guard let source = decoded, source.pointee.width > 0, source.pointee.height > 0 else {
            throw MediaError(.badStream, "the frame has no size")
        }
        var scaled = try scale(source, width: min(Int32(clamping: width), source.pointee.width))
        defer { av_frame_free(&scaled) }
        return try encode(scaled)
    }

    private static func decode(_ keyFrame: KeyFrame) throws(MediaError) -> UnsafeMutablePointer<AVFrame>? {
        guard let decoder = avcodec_find_decoder(keyFrame.codec.identifier) else {
            throw MediaError(.badStream, "no decoder for \(keyFrame.codec.rawValue)")
        }
        var context = avcodec_alloc_context3(decoder)
        var packet = av_packet_alloc()
        var frame = av_frame_alloc()
        defer {
            avcodec_free_context(&context)
            av_packet_free(&packet)
        }
        let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)
        context?.pointee.thread_count = 1
        context?.pointee.max_pixels = MediaLibrary.pixelLimit
        // Blocks do not show in a small frame, and the filter against them takes a quarter of the time.
        context?.pointee.skip_loop_filter = AVDISCARD_ALL
        if !keyFrame.parameters.isEmpty, let memory = av_mallocz(keyFrame.parameters.count + padding) {
            memory.copyMemory(from: keyFrame.parameters, byteCount: keyFrame.parameters.count)
            context?.pointee.extradata = memory.assumingMemoryBound(to: UInt8.self)
            context?.pointee.extradata_size = Int32(clamping: keyFrame.parameters.count)
        }
        guard avcodec_open2(context, decoder, nil) >= 0,
            av_new_packet(packet, Int32(clamping: keyFrame.bytes.count)) >= 0, let data = packet?.pointee.data
        else {
            av_frame_free(&frame)
            throw MediaError(.file, "no memory for a decoder")
        }
        UnsafeMutableRawPointer(data).copyMemory(from: keyFrame.bytes, byteCount: keyFrame.bytes.count)
        packet?.pointee.flags = AV_PKT_FLAG_KEY
        _ = avcodec_send_packet(context, packet)
        _ = avcodec_send_packet(context, nil)
        guard avcodec_receive_frame(context, frame) >= 0 else {
            av_frame_free(&frame)
            throw MediaError(.badStream, "the key frame cannot be decoded")
        }
        return frame
    }

    private static func scale(
        _ source: UnsafeMutablePointer<AVFrame>,
        width: Int32
    ) throws(MediaError) -> UnsafeMutablePointer<AVFrame>? {
        let wide = max(width & ~1, 2)
        let high = max(Int32(Int64(source.pointee.height) * Int64(wide) / Int64(source.pointee.width)) & ~1, 2)
        var result = av_frame_alloc()
        result?.pointee.width = wide
        result?.pointee.height = high
        result?.pointee.format = AV_PIX_FMT_YUVJ420P.rawValue
        let scaler = sws_getContext(
            source.pointee.width,
            source.pointee.height,
            AVPixelFormat(source.pointee.format),
            wide,
            high,
            AV_PIX_FMT_YUVJ420P,
            SWS_BILINEAR,
            nil,
            nil,
            nil
        )
        defer { sws_freeContext(scaler) }
        guard let scaler, let target = result, av_frame_get_buffer(target, 0) >= 0,
            sws_scale_frame(scaler, target, source) >= 0
        else {
            av_frame_free(&result)
            throw MediaError(.badStream, "the key frame cannot be scaled")
        }
        return result
    }

    private static func encode(_ frame: UnsafeMutablePointer<AVFrame>?) throws(MediaError) -> [UInt8] {
        guard let frame, let encoder = avcodec_find_encoder(AV_CODEC_ID_MJPEG) else {
            throw MediaError(.file, "no JPEG encoder")
        }
        var context = avcodec_alloc_context3(encoder)
        var packet = av_packet_alloc()
        defer {
            avcodec_free_context(&context)
            av_packet_free(&packet)
        }
        context?.pointee.width = frame.pointee.width
        context?.pointee.height = frame.pointee.height
        context?.pointee.pix_fmt = AV_PIX_FMT_YUVJ420P
        context?.pointee.color_range = AVCOL_RANGE_JPEG
        context?.pointee.time_base = AVRational(num: 1, den: 25)
        context?.pointee.thread_count = 1
        context?.pointee.flags |= AV_CODEC_FLAG_QSCALE
        context?.pointee.global_quality = 5 * FF_QP2LAMBDA
        frame.pointee.pts = 0
        frame.pointee.quality = 5 * FF_QP2LAMBDA
        guard avcodec_open2(context, encoder, nil) >= 0, avcodec_send_frame(context, frame) >= 0,
            avcodec_receive_packet(context, packet) >= 0, let data = packet?.pointee.data,
            let size = packet?.pointee.size
        else { throw MediaError(.badStream, "the key frame cannot be encoded") }
        return Array(UnsafeBufferPointer(start: data, count: Int(size)))
    }
}
