import CLibAV
import Glibc

/// Reads streams through libavformat: RTSP over TCP, UDP or HTTP, RTMP, HLS, HTTP MJPEG, files over HTTP.
///
/// libavformat takes a camera's word for much, so every address is treated as hostile: protocols and formats are limited
/// by scheme, every connection is given to a check of the caller's before it is made (see `InputGuard`), probing,
/// streams and packets are bounded. Every call ends by a latched deadline (see `MediaInterrupt`).
public struct LibAVSource {
    /// How RTSP carries its packets.
    public enum Transport: String, Hashable, Sendable {
        /// TCP, then what the server insists on; always TCP; always UDP.
        case auto, tcp, udp
    }

    /// The address to open, and how.
    public struct Options: Sendable {
        /// The address without user and password.
        public var address: String
        /// User and password, if the camera wants them; never part of an error or a log line.
        public var credentials: (user: String, password: String)?
        /// For RTSP.
        public var transport = Transport.auto
        /// True if audio is wanted; without it the track is not even set up.
        public var audio = false
        /// Until the connection stands and the first packets say what the stream is.
        public var openLimit = Duration.seconds(12)
        /// Without a frame for so long a stream counts as stalled.
        public var stallLimit = Duration.seconds(10)
        /// Asked before an address is opened; returns the address to open, which may have the host replaced by its
        /// number, or throws (`dns`, `refused`).
        public var admit: @Sendable (_ address: String) throws(MediaError) -> String = { address throws(MediaError) in
            address
        }
        /// Asked before each connection that is made for this source, and each datagram that is sent.
        ///
        /// Gets an address of 4 or 16 bytes in network order, and a port; throws where that may not be (`refused`).
        public var mayConnect: @Sendable (_ address: [UInt8], _ port: Int) throws(MediaError) -> Void = {
            (_, _) throws(MediaError) in
        }

        /// Creates options with the usual limits.
        public init(address: String) {
            self.address = address
        }
    }

    /// A packet larger than this is refused.
    static let packetLimit = 8 << 20
    private static let streamLimit = 8
    /// A playlist names up to a dozen variants, each with video and audio.
    private static let httpStreamLimit = 64
    /// HLS comes a segment at a time, and a segment may last longer than a camera may be silent.
    private static let playlistStallLimit = Duration.seconds(30)
    /// The bound beyond which a number cannot be a time in ticks; a century of audio at 384 kHz has a quarter of them.
    static let timeLimit: Int64 = 1 << 53

    private let options: Options
    private let interrupt: MediaInterrupt
    private var context: UnsafeMutablePointer<AVFormatContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var videoIndex: Int32 = -1
    private var audioIndex: Int32 = -1
    private var videoBase = AVRational(num: 1, den: 90_000)
    private var audioBase = AVRational(num: 1, den: 1)
    private var audioRate: Int32 = 1
    private var stripsADTS = false
    private var timestampsByArrival = false
    private var pacer: Pacer?
    private var stallLimit: Duration
    private let connections: InputGuard

    /// Creates a source that is not open yet.
    public init(_ options: Options, interrupt: MediaInterrupt) {
        self.options = options
        self.interrupt = interrupt
        stallLimit = options.stallLimit
        connections = InputGuard(options.mayConnect)
    }

    /// The last warning of the libraries about this stream, without credentials.
    public func takeWarning() -> String? {
        interrupt.takeLine()
    }

    /// Connects, and reads what the stream is.
    public mutating func open() throws(MediaError) -> StreamDescription {
        close()
        connections.forget()
        let target = try options.admit(options.address)
        try connections.enter(interrupt)
        defer { connections.leave() }
        guard let handle = interrupt.handle, let made = avformat_alloc_context() else {
            throw MediaError(.file, "no memory for a stream")
        }
        observer_input_reset(handle)
        let scheme = InputScheme(address: options.address)
        observer_input_attach(handle, made)
        made.pointee.max_streams = Int32(scheme == .http ? Self.httpStreamLimit : Self.streamLimit)
        made.pointee.max_probe_packets = 500
        interrupt.setDeadline(options.openLimit)

        var dictionary = scheme.dictionary(options)
        defer { av_dict_free(&dictionary) }
        var opened: UnsafeMutablePointer<AVFormatContext>? = made
        let demuxer = scheme.demuxer.flatMap { av_find_input_format($0) }
        var result = avformat_open_input(&opened, scheme.authorized(target, options), demuxer, &dictionary)
        guard result >= 0, let opened else { throw failure(result, .opening) }
        context = opened
        let format = String(cString: opened.pointee.iformat.pointee.name)
        if format == "hls" { TrackSelector.keepOneVariant(of: opened) }
        result = avformat_find_stream_info(opened, nil)
        guard result >= 0 else { throw failure(result, .opening) }
        packet = av_packet_alloc()
        timestampsByArrival = scheme == .http && format.hasPrefix("mp") && format.hasSuffix("jpeg")
        stallLimit = format == "hls" ? max(options.stallLimit, Self.playlistStallLimit) : options.stallLimit
        if !scheme.isPaced, opened.pointee.duration > 0 { pacer = Pacer() }
        let description = try describe(opened)
        interrupt.setDeadline(stallLimit)
        return description
    }

    /// Waits for the next packet of the tracks that `open` described.
    public mutating func next() throws(MediaError) -> MediaPacket {
        guard let context, let packet else { throw MediaError(.stalled, "the stream is not open") }
        try connections.enter(interrupt)
        defer { connections.leave() }
        while true {
            av_packet_unref(packet)
            let result = av_read_frame(context, packet)
            // After the deadline libavformat hands out what its parser still had: half a frame.
            guard result >= 0, !interrupt.isExpired, !interrupt.isStopped else { throw failure(result, .reading) }
            let index = packet.pointee.stream_index
            guard packet.pointee.size > 0, index == videoIndex || index == audioIndex else { continue }
            guard packet.pointee.size <= Self.packetLimit else {
                throw MediaError(.badStream, "a frame has more than 8 MiB")
            }
            if index == videoIndex {
                interrupt.setDeadline(stallLimit)
                connections.forget()
                try pacer?.wait(for: packet, base: videoBase, interrupt: interrupt)
            }
            if let ready = translate(packet) { return ready }
        }
    }

    /// Takes leave of the camera, which frees its session, and frees everything.
    public mutating func close() {
        if let packet {
            var freed: UnsafeMutablePointer<AVPacket>? = packet
            av_packet_free(&freed)
        }
        packet = nil
        pacer = nil
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
            guard value != .min, !timestampsByArrival else { return nil }
            return Self.bounded(
                from.den == ticks && from.num == 1 ? value : rescale(value, from: from, ticksPerSecond: ticks)
            )
        }
        return MediaPacket(
            track: isVideo ? .video : .audio,
            decodeTime: time(packet.pointee.dts),
            presentationTime: time(packet.pointee.pts),
            duration: packet.pointee.duration > 0 && !timestampsByArrival ? time(packet.pointee.duration) ?? 0 : 0,
            isKey: packet.pointee.flags & AV_PKT_FLAG_KEY != 0,
            newParameters: isVideo ? newParameters(packet) : nil,
            bytes: bytes
        )
    }

    /// Returns nil for a number that cannot be a time, so that arithmetic with times does not overflow.
    static func bounded(_ time: Int64) -> Int64? {
        (-timeLimit...timeLimit).contains(time) ? time : nil
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
        return LibAVFailure.error(code, phase, isExpired: interrupt.isExpired)
    }

    private mutating func describe(
        _ context: UnsafeMutablePointer<AVFormatContext>
    ) throws(MediaError) -> StreamDescription {
        var selector = TrackSelector(wantsAudio: options.audio)
        for index in 0..<Int(context.pointee.nb_streams) {
            guard let stream = context.pointee.streams[index] else { continue }
            selector.look(stream)
            stream.pointee.discard = AVDISCARD_ALL
        }
        guard var video = selector.video else { throw selector.noVideo }
        video.track.hasTimestamp = !timestampsByArrival
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
        }
        return StreamDescription(video: video.track, audio: selector.audio?.track, notes: selector.notes)
    }
}
