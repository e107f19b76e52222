import CLibAV
import Glibc
import Testing

@testable import Media

/// One stream of a clip as libavformat packs it into RTP, and as it reads these packets.
struct RTPOracle {
    /// A packet of a file.
    struct Frame: Equatable {
        var bytes: [UInt8]
        /// In milliseconds.
        var time: Int64
    }

    /// The packets of the clip.
    private(set) var frames: [Frame] = []
    /// The RTP packets, each with the number of the frame it was made of.
    private(set) var packets: [(bytes: [UInt8], frame: Int)] = []
    /// The session description.
    private(set) var description = ""

    private static let packetBytes: Int32 = 1472

    /// Packs the first stream of a kind.
    init(_ path: String, _ kind: AVMediaType) throws {
        var opened: UnsafeMutablePointer<AVFormatContext>?
        try #require(avformat_open_input(&opened, path, nil, nil) >= 0)
        defer { avformat_close_input(&opened) }
        let input = try #require(opened)
        try #require(avformat_find_stream_info(input, nil) >= 0)
        let index = av_find_best_stream(input, kind, -1, -1, nil, 0)
        let stream = try #require(index >= 0 ? input.pointee.streams[Int(index)] : nil)

        var made: UnsafeMutablePointer<AVFormatContext>?
        try #require(avformat_alloc_output_context2(&made, nil, "rtp", nil) >= 0)
        let output = try #require(made)
        defer { avformat_free_context(output) }
        let written = Written()
        output.pointee.pb = written.context(packetBytes: Self.packetBytes)
        defer { Written.free(&output.pointee.pb) }
        let track = try #require(avformat_new_stream(output, nil))
        try #require(avcodec_parameters_copy(track.pointee.codecpar, stream.pointee.codecpar) >= 0)
        track.pointee.codecpar.pointee.codec_tag = 0
        track.pointee.time_base = stream.pointee.time_base
        try #require(avformat_write_header(output, nil) >= 0)
        var read = av_packet_alloc()
        defer { av_packet_free(&read) }
        let packet = try #require(read)
        while av_read_frame(input, packet) >= 0 {
            defer { av_packet_unref(packet) }
            guard packet.pointee.stream_index == index else { continue }
            let bytes = Array(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)))
            let time = av_rescale_q(packet.pointee.pts, stream.pointee.time_base, AVRational(num: 1, den: 1000))
            frames.append(Frame(bytes: bytes, time: time))
            packet.pointee.stream_index = 0
            av_packet_rescale_ts(packet, stream.pointee.time_base, track.pointee.time_base)
            try #require(av_write_frame(output, packet) >= 0)
            take(written)
        }
        av_write_trailer(output)
        take(written)
        var text = [CChar](repeating: 0, count: 4096)
        var contexts: [UnsafeMutablePointer<AVFormatContext>?] = [output]
        try #require(av_sdp_create(&contexts, 1, &text, Int32(text.count)) >= 0)
        description = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Takes what was written since the last call, without reports of the sender.
    private mutating func take(_ written: Written) {
        for bytes in written.packets where bytes.count > 12 && bytes[1] != 200 {
            packets.append((bytes, max(frames.count - 1, 0)))
        }
        written.packets = []
    }

    /// The frames that libavformat reads from the first packets.
    ///
    /// After 5,600 bytes it would send a report into the context that it reads from, which nothing can take.
    func framesByLibrary() throws -> [[UInt8]] {
        var bytes = 0
        let beginning = packets.map(\.bytes).prefix { packet in
            bytes += packet.count
            return bytes < 5_500
        }
        let head = Pieces([Array(description.utf8)]), media = Pieces(Array(beginning))
        var opened = avformat_alloc_context()
        let context = try #require(opened)
        context.pointee.pb = head.context(packetBytes: 4096)
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        var options: OpaquePointer?
        av_dict_set(&options, "sdp_flags", "custom_io", 0)
        defer { av_dict_free(&options) }
        try #require(avformat_open_input(&opened, nil, av_find_input_format("sdp"), &options) >= 0)
        defer { avformat_close_input(&opened) }
        var first = context.pointee.pb
        context.pointee.pb = media.context(packetBytes: 65_536)
        Written.free(&first)
        defer { Written.free(&context.pointee.pb) }
        var read = av_packet_alloc()
        defer { av_packet_free(&read) }
        let packet = try #require(read)
        var frames: [[UInt8]] = []
        while av_read_frame(context, packet) >= 0 {
            frames.append(Array(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))))
            av_packet_unref(packet)
        }
        return frames
    }
}

/// The packets that libavformat writes.
private final class Written {
    var packets: [[UInt8]] = []

    func context(packetBytes: Int32) -> UnsafeMutablePointer<AVIOContext>? {
        let buffer = av_malloc(Int(packetBytes))?.assumingMemoryBound(to: UInt8.self)
        let opaque = Unmanaged.passUnretained(self).toOpaque()
        let context = avio_alloc_context(
            buffer,
            packetBytes,
            1,
            opaque,
            nil,
            { opaque, bytes, count in
                guard let opaque, let bytes else { return -1 }
                let written = Unmanaged<Written>.fromOpaque(opaque).takeUnretainedValue()
                written.packets.append(Array(UnsafeBufferPointer(start: bytes, count: Int(count))))
                return count
            },
            nil
        )
        context?.pointee.max_packet_size = packetBytes
        return context
    }

    static func free(_ context: inout UnsafeMutablePointer<AVIOContext>?) {
        av_freep(&context.unsafelyUnwrapped.pointee.buffer)
        avio_context_free(&context)
    }
}

/// Pieces that libavformat reads, one with each call.
private final class Pieces {
    private var pieces: ArraySlice<[UInt8]>

    init(_ pieces: [[UInt8]]) {
        self.pieces = pieces[...]
    }

    func context(packetBytes: Int32) -> UnsafeMutablePointer<AVIOContext>? {
        let buffer = av_malloc(Int(packetBytes))?.assumingMemoryBound(to: UInt8.self)
        let opaque = Unmanaged.passUnretained(self).toOpaque()
        return avio_alloc_context(
            buffer,
            packetBytes,
            0,
            opaque,
            { opaque, bytes, count in
                guard let opaque, let bytes else { return Int32(OBSERVER_EOF) }
                let pieces = Unmanaged<Pieces>.fromOpaque(opaque).takeUnretainedValue()
                guard let piece = pieces.pieces.popFirst() else { return Int32(OBSERVER_EOF) }
                let size = min(piece.count, Int(count))
                memcpy(bytes, piece, size)
                return Int32(size)
            },
            nil,
            nil
        )
    }
}
