import CLibAV
import Glibc
public import Media

/// Decodes frames in the order in which they lie in a file, from a key frame on, and creates a picture of one of them.
public final class GroupDecoder {
    /// The width of a picture at most, in pixels.
    private static let width = 1920

    private var context: UnsafeMutablePointer<AVCodecContext>?
    private var number: Int64 = 0

    /// Opens a decoder.
    ///
    /// - Parameters:
    ///   - codec: The codec of the frames.
    ///   - parameters: The decoder's configuration, in the form that belongs to them.
    /// - Throws: `badStream` where there is no such decoder, `file` for want of memory.
    public init(_ codec: VideoCodec, parameters: [UInt8]) throws(MediaError) {
        guard let decoder = avcodec_find_decoder(codec.identifier) else {
            throw MediaError(.badStream, "no decoder for \(codec.rawValue)")
        }
        context = avcodec_alloc_context3(decoder)
        // One thread gives each frame at once; the filter against blocks has to run, because other frames refer to its result.
        context?.pointee.thread_count = 1
        context?.pointee.max_pixels = MediaLibrary.pixelLimit
        let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)
        if !parameters.isEmpty, let memory = av_mallocz(parameters.count + padding) {
            memory.copyMemory(from: parameters, byteCount: parameters.count)
            context?.pointee.extradata = memory.assumingMemoryBound(to: UInt8.self)
            context?.pointee.extradata_size = Int32(clamping: parameters.count)
        }
        guard avcodec_open2(context, decoder, nil) >= 0 else {
            avcodec_free_context(&context)
            throw MediaError(.file, "no memory for a decoder")
        }
    }

    deinit {
        avcodec_free_context(&context)
    }

    /// Decodes a frame; one that cannot be decoded spoils the picture of a later one, and is no error by itself.
    public func decode(_ bytes: [UInt8]) {
        send(bytes)
        var frame = av_frame_alloc()
        defer { av_frame_free(&frame) }
        while avcodec_receive_frame(context, frame) >= 0 { av_frame_unref(frame) }
    }

    /// Decodes the last frame, and creates a picture of it, whenever it is shown.
    ///
    /// - Throws: `badStream` if it cannot be decoded.
    public func picture(of bytes: [UInt8]) throws(MediaError) -> [UInt8] {
        send(bytes)
        _ = avcodec_send_packet(context, nil)
        var frame = av_frame_alloc()
        defer { av_frame_free(&frame) }
        while avcodec_receive_frame(context, frame) >= 0 {
            if frame?.pointee.pts == number { return try SnapshotEncoder.jpeg(decoded: frame, width: Self.width) }
            av_frame_unref(frame)
        }
        throw MediaError(.badStream, "the frame cannot be decoded")
    }

    private func send(_ bytes: [UInt8]) {
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        number += 1
        guard av_new_packet(packet, Int32(clamping: bytes.count)) >= 0, let data = packet?.pointee.data else { return }
        UnsafeMutableRawPointer(data).copyMemory(from: bytes, byteCount: bytes.count)
        packet?.pointee.pts = number
        _ = avcodec_send_packet(context, packet)
    }
}
