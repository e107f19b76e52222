import CLibAV
import Glibc
public import Media
public import System

/// Reads streams through libavformat: RTSP over TCP, UDP or HTTP, RTMP, HLS, HTTP MJPEG, files over HTTP.
///
/// libavformat takes a camera's word for much, so every address is treated as hostile: protocols and formats are limited
/// by scheme, every connection is given to a check of the caller's before it is made (see `InputGuard`), probing,
/// streams and packets are bounded. Every call ends by a latched deadline (see `MediaInterrupt`).
public struct LibAVSource {
    private static let streamLimit = 8
    /// A playlist names up to a dozen variants, each with video and audio.
    private static let httpStreamLimit = 64
    /// HLS comes a segment at a time, and a segment may last longer than a camera may be silent.
    private static let playlistStallLimit = Duration.seconds(30)

    private let stream: LibraryStream
    private let interrupt: MediaInterrupt
    private var context: UnsafeMutablePointer<AVFormatContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var videoIndex: Int32 = -1
    private var audioIndex: Int32 = -1
    private var videoBase = AVRational(num: 1, den: 90_000)
    private var audioBase = AVRational(num: 1, den: 1)
    private var audioRate: Int32 = 1
    private var stripsADTS = false
    private var encoder: AudioEncoder?
    /// Reads Motion JPEG over HTTP, of which nothing but the connection is libavformat's.
    private var pictures: PictureReader?
    /// True if the stream is pictures with text between them.
    private var hasParts = false
    private var pacer: Pacer?
    /// The first packets of a stream of unknown length, until it is known how they are to be read.
    private var held: HeldPackets?
    private var stallLimit: Duration
    /// When the last packet came.
    public private(set) var arrival = MonotonicInstant.now()
    private let connections: InputGuard

    /// Creates a source that is not open yet.
    ///
    /// - Parameters:
    ///   - stream: The address and how to read it.
    ///   - interrupt: Ends the calls of this source.
    ///   - mayConnect: Asked before each connection that is made for this source, and each datagram that is sent. It gets an
    ///     address of 4 or 16 bytes in network order, and a port, and throws where that may not be (`refused`).
    public init(
        _ stream: LibraryStream,
        interrupt: MediaInterrupt,
        mayConnect: @escaping @Sendable (_ address: [UInt8], _ port: Int) throws(MediaError) -> Void
    ) {
        self.stream = stream
        self.interrupt = interrupt
        stallLimit = stream.stallLimit
        connections = InputGuard(trust: stream.trust, mayConnect)
    }

    /// The last warning of the libraries about this stream, without credentials.
    public func takeWarning() -> String? {
        interrupt.takeLine()
    }

    /// Connects, and reads what the stream is.
    public mutating func open() throws(MediaError) -> StreamDescription {
        let scheme = InputScheme(address: stream.address)
        do throws(MediaError) {
            return try open(scheme, demuxer: scheme.demuxer)
        } catch {
            // What is taken for a format that is not allowed, such as a single picture, is an invalid argument.
            let isDoubtful = [Int32(OBSERVER_INVALID_DATA), -EINVAL].contains(error.code) || hasParts
            guard scheme == .http, isDoubtful, !interrupt.isStopped else { throw error }
            // Some cameras divide their pictures in ways of their own; the pictures themselves can be told apart.
            guard let found = try? open(scheme, demuxer: "mjpeg") else { throw error }
            return found
        }
    }

    private mutating func open(
        _ scheme: InputScheme,
        demuxer: String?
    ) throws(MediaError) -> StreamDescription {
        close()
        let begun = MonotonicInstant.now()
        connections.forget()
        try connections.enter(interrupt)
        defer { connections.leave() }
        guard let handle = interrupt.handle, let made = avformat_alloc_context() else {
            throw MediaError(.file, "no memory for a stream")
        }
        observer_input_reset(handle)
        observer_input_attach(handle, made)
        made.pointee.max_streams = Int32(scheme == .http ? Self.httpStreamLimit : Self.streamLimit)
        made.pointee.max_probe_packets = 500
        interrupt.setDeadline(stream.openLimit)

        var dictionary = scheme.dictionary(stream)
        defer { av_dict_free(&dictionary) }
        var opened: UnsafeMutablePointer<AVFormatContext>? = made
        let input = demuxer.flatMap { av_find_input_format($0) }
        hasParts = false
        var result = avformat_open_input(&opened, scheme.authorized(stream), input, &dictionary)
        guard result >= 0, let opened else { throw failure(result, .opening) }
        context = opened
        let format = String(cString: opened.pointee.iformat.pointee.name)
        if format == "hls" { TrackSelector.keepOneVariant(of: opened) }
        hasParts = format == "mpjpeg"
        if scheme == .http, ["mpjpeg", "mjpeg"].contains(format), let input = opened.pointee.pb {
            return try openPictures(input)
        }
        result = findStreams(opened)
        guard result >= 0 else { throw failure(result, .opening) }
        packet = av_packet_alloc()
        stallLimit = format == "hls" ? max(stream.stallLimit, Self.playlistStallLimit) : stream.stallLimit
        var description = try describe(opened)
        if !scheme.isPaced {
            let kind: Pacer.Kind = opened.pointee.duration > 0 ? .file : format == "hls" ? .playlist : .stream
            pacer = Pacer(kind)
            if kind == .stream { held = HeldPackets(opened: begun) }
            description.isPlaylist = kind == .playlist
        }
        interrupt.setDeadline(stallLimit)
        return description
    }

    private mutating func openPictures(
        _ input: UnsafeMutablePointer<AVIOContext>
    ) throws(MediaError) -> StreamDescription {
        let reader = PictureReader(input)
        let (track, code) = reader.describe()
        guard let track else { throw failure(code, .opening) }
        pictures = reader
        stallLimit = stream.stallLimit
        interrupt.setDeadline(stallLimit)
        return StreamDescription(video: track)
    }

    private mutating func next(of pictures: PictureReader) throws(MediaError) -> MediaPacket {
        let (bytes, code) = pictures.next()
        guard let bytes, !interrupt.isExpired, !interrupt.isStopped else { throw failure(code, .reading) }
        arrival = .now()
        interrupt.setDeadline(stallLimit)
        connections.forget()
        return MediaPacket(track: .video, decodeTime: nil, presentationTime: nil, isKey: true, bytes: bytes)
    }

    /// Reads the first packets; what is decoded of them is bounded.
    private func findStreams(_ context: UnsafeMutablePointer<AVFormatContext>) -> Int32 {
        var options = (0..<Int(context.pointee.nb_streams)).map { _ -> OpaquePointer? in
            var dictionary: OpaquePointer?
            av_dict_set_int(&dictionary, "max_pixels", MediaLibrary.pixelLimit, 0)
            return dictionary
        }
        defer { for index in options.indices { av_dict_free(&options[index]) } }
        return avformat_find_stream_info(context, &options)
    }

    /// Waits for the next packet of the tracks that `open` described.
    public mutating func next() throws(MediaError) -> MediaPacket {
        guard let context else { throw MediaError(.stalled, "the stream is not open") }
        try connections.enter(interrupt)
        defer { connections.leave() }
        if let pictures { return try next(of: pictures) }
        guard let packet else { throw MediaError(.stalled, "the stream is not open") }
        while true {
            if let encoded = encoder?.next() { return Self.packet(encoded) }
            try read(into: packet, from: context)
            let index = packet.pointee.stream_index
            if index == videoIndex {
                if let due = try pacer?.wait(for: packet, base: videoBase, interrupt: interrupt) { arrival = due }
                interrupt.setDeadline(stallLimit)
            }
            if index == audioIndex, let encoder {
                encode(packet, encoder)
            } else if let ready = translate(packet) {
                return ready
            }
        }
    }

    /// Reads the next packet of the tracks that are recorded.
    private mutating func read(
        into packet: UnsafeMutablePointer<AVPacket>,
        from context: UnsafeMutablePointer<AVFormatContext>
    ) throws(MediaError) {
        av_packet_unref(packet)
        while held?.isOpen == true { try hold(packet, from: context) }
        if let next = held?.next(into: packet) {
            arrival = next
            return
        }
        held = nil
        try readNew(into: packet, from: context)
    }

    /// Reads one more packet of those that show what the stream is.
    private mutating func hold(
        _ packet: UnsafeMutablePointer<AVPacket>,
        from context: UnsafeMutablePointer<AVFormatContext>
    ) throws(MediaError) {
        do throws(MediaError) {
            try readNew(into: packet, from: context)
        } catch {
            // What has come is passed on before; the failure comes again.
            guard held?.isEmpty == false, !interrupt.isStopped else { throw error }
            held?.end(isOver: error.kind == .unreachable)
        }
        if packet.pointee.size > 0 {
            let isVideo = packet.pointee.stream_index == videoIndex
            let time = isVideo ? Pacer.microseconds(packet, videoBase) : nil
            held?.take(packet, time: time, isVideo: isVideo, at: arrival)
        }
        if held?.isRecording == true { pacer = Pacer(.file) }
    }

    private mutating func readNew(
        into packet: UnsafeMutablePointer<AVPacket>,
        from context: UnsafeMutablePointer<AVFormatContext>
    ) throws(MediaError) {
        while true {
            av_packet_unref(packet)
            let result = av_read_frame(context, packet)
            // After the deadline libavformat hands out what its parser still had: half a frame.
            guard result >= 0, !interrupt.isExpired, !interrupt.isStopped else { throw failure(result, .reading) }
            let index = packet.pointee.stream_index
            guard packet.pointee.size > 0, index == videoIndex || index == audioIndex else { continue }
            guard packet.pointee.size <= MediaPacket.sizeLimit else {
                throw MediaError(.badStream, "a frame has more than 8 MiB")
            }
            arrival = .now()
            guard index == videoIndex else { return }
            interrupt.setDeadline(stallLimit)
            connections.forget()
            return
        }
    }

    private func encode(_ packet: UnsafeMutablePointer<AVPacket>, _ encoder: AudioEncoder) {
        let time = packet.pointee.pts == .min ? packet.pointee.dts : packet.pointee.pts
        encoder.take(
            UnsafeRawBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)),
            time: time == .min ? nil : rescale(time, from: audioBase, ticksPerSecond: audioRate)
        )
    }

    private static func packet(_ encoded: (time: Int64, bytes: UnsafeRawBufferPointer)) -> MediaPacket {
        MediaPacket(
            track: .audio,
            decodeTime: encoded.time,
            presentationTime: encoded.time,
            duration: 1024,
            bytes: encoded.bytes
        )
    }

    /// Takes leave of the camera, which frees its session, and frees everything.
    public mutating func close() {
        if let packet {
            var freed: UnsafeMutablePointer<AVPacket>? = packet
            av_packet_free(&freed)
        }
        packet = nil
        pacer = nil
        pictures = nil
        held = nil
        encoder = nil
        guard context != nil else { return }
        if let handle = interrupt.handle { observer_input_begin_close(handle, 1500) }
        // Where the check cannot be set there is nothing to close.
        try? connections.enter(interrupt)
        defer { connections.leave() }
        avformat_close_input(&context)
        context = nil
    }

    private func translate(_ packet: UnsafeMutablePointer<AVPacket>) -> MediaPacket? {
        let isVideo = packet.pointee.stream_index == videoIndex
        var bytes = UnsafeRawBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))
        if !isVideo, stripsADTS {
            guard let stripped = ADTS.strip(bytes) else { return nil }
            bytes = stripped
        }
        let from = isVideo ? videoBase : audioBase
        let ticks: Int32 = isVideo ? 90_000 : audioRate
        func time(_ value: Int64) -> Int64? {
            guard value != .min else { return nil }
            return MediaPacket.bounded(
                from.den == ticks && from.num == 1 ? value : rescale(value, from: from, ticksPerSecond: ticks)
            )
        }
        return MediaPacket(
            track: isVideo ? .video : .audio,
            decodeTime: time(packet.pointee.dts),
            presentationTime: time(packet.pointee.pts),
            duration: packet.pointee.duration > 0 ? time(packet.pointee.duration) ?? 0 : 0,
            isKey: packet.pointee.flags & AV_PKT_FLAG_KEY != 0,
            newParameters: isVideo ? newParameters(packet) : nil,
            bytes: bytes
        )
    }

    private func rescale(_ value: Int64, from: AVRational, ticksPerSecond ticks: Int32) -> Int64 {
        av_rescale_q(value, from, AVRational(num: 1, den: ticks))
    }

    private func newParameters(_ packet: UnsafeMutablePointer<AVPacket>) -> [UInt8]? {
        guard packet.pointee.side_data_elems > 0 else { return nil }
        var size = 0
        guard let data = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size), size > 0 else { return nil }
        return Array(UnsafeBufferPointer(start: data, count: size))
    }

    private func failure(_ code: Int32, _ phase: LibAVFailure.Phase) -> MediaError {
        if interrupt.isStopped { return MediaError(.stopped, "the end was asked for") }
        if let refusal = connections.refusal { return refusal }
        if interrupt.hasRestarted { return MediaError(.stalled, "the camera's playlist began anew", code: code) }
        return LibAVFailure.error(code, phase, isExpired: interrupt.isExpired)
    }

    private mutating func describe(
        _ context: UnsafeMutablePointer<AVFormatContext>
    ) throws(MediaError) -> StreamDescription {
        var selector = TrackSelector(wantsAudio: stream.wantsAudio)
        for index in 0..<Int(context.pointee.nb_streams) {
            guard let stream = context.pointee.streams[index] else { continue }
            selector.look(stream)
            stream.pointee.discard = AVDISCARD_ALL
        }
        guard let video = selector.video else { throw selector.noVideo }
        for stream in [video.stream, selector.audio?.stream].compactMap({ $0 }) {
            stream.pointee.discard = AVDISCARD_DEFAULT
        }
        videoIndex = video.stream.pointee.index
        videoBase = video.stream.pointee.time_base
        if let audio = selector.audio {
            audioIndex = audio.stream.pointee.index
            audioBase = audio.stream.pointee.time_base
            audioRate = Int32(clamping: audio.track.sampleRate)
            stripsADTS = audio.isADTS
            encoder = audio.encoder
        }
        return StreamDescription(video: video.track, audio: selector.audio?.track, notes: selector.notes)
    }
}
