import CLibAV
import Crypto
import Encodings
import Media

/// The limits of a scheme: which protocols and formats libavformat may use for it, and with which options.
enum InputScheme: Equatable {
    case rtsp, rtmp, http, other

    init(address: String) {
        switch address.prefix(while: { $0 != ":" }).lowercased() {
        case "rtsp", "rtsps": self = .rtsp
        case "rtmp", "rtmps": self = .rtmp
        case "http", "https": self = .http
        default: self = .other
        }
    }

    /// The demuxer to take whatever the content says; nil where the content decides, within the white list.
    var demuxer: String? {
        switch self {
        case .rtsp: "rtsp"
        case .rtmp: "flv"
        case .http, .other: nil
        }
    }

    /// True if the other side sends at the pace of the recording.
    var isPaced: Bool { self != .http }

    private var protocols: String {
        switch self {
        case .rtsp: "rtsp,rtp,srtp,udp,tcp,tls,http,https"
        case .rtmp: "rtmp,rtmps,tcp,tls"
        // Segments of HLS may be encrypted.
        case .http: "http,https,tcp,tls,crypto"
        case .other: "none"
        }
    }

    private var formats: String {
        switch self {
        case .rtsp: "rtsp,rtp,sdp,mpegts"
        case .rtmp: "flv,live_flv"
        case .http: "hls,mpegts,mpjpeg,mjpeg,mov,flv,matroska,webm,h264,hevc,aac,mp3"
        case .other: "none"
        }
    }

    /// The options of libavformat, times in microseconds.
    ///
    /// `stimeout` is gone since FFmpeg 5, and `timeout` would make RTMP listen.
    func dictionary(_ stream: LibraryStream) -> OpaquePointer? {
        var result: OpaquePointer?
        func set(_ key: String, _ value: String) { av_dict_set(&result, key, value, 0) }
        // The interrupt's deadline must come first: libavformat swallows the first time-out of its own, hands out what its
        // parser held as if it were a frame, and waits once more.
        let beyondDeadlines = "60000000"
        set("protocol_whitelist", protocols)
        set("format_whitelist", formats)
        set("probesize", "1000000")
        set("analyzeduration", "3000000")
        // Measured: a camera opens in 0.45 s instead of 1.26 s when the frame rate is not waited for.
        set("fpsprobesize", "0")
        switch self {
        case .rtsp:
            switch stream.transport {
            case .tcp: set("rtsp_transport", "tcp")
            case .udp: set("rtsp_transport", "udp")
            case .auto: set("rtsp_flags", "prefer_tcp")
            }
            set("timeout", beyondDeadlines)
            set("allowed_media_types", stream.wantsAudio ? "video+audio" : "video")
            set("user_agent", "Observer")
            set("buffer_size", "1048576")
            set("max_delay", "500000")
        case .rtmp, .other:
            set("rw_timeout", beyondDeadlines)
        case .http:
            set("rw_timeout", beyondDeadlines)
            set("user_agent", "Observer")
            set("live_start_index", "-1")
            // A playlist may have nothing new for as long as a stream may be silent; see `LibAVSource`.
            set("max_reload", "200")
            // Cameras and servers name their segments as they like; what may be opened is decided by protocol and content.
            set("allowed_extensions", "ALL")
            set("allowed_segment_extensions", "ALL")
            set("extension_picky", "0")
        }
        return result
    }

    /// The address with user and password, percent-encoded, as libavformat wants them.
    func authorized(_ stream: LibraryStream) -> String {
        let address = stream.address
        guard let account = stream.login, let slashes = InputScheme.authorityStart(address) else { return address }
        let login =
            PercentEncoding.encode(account.user) + ":" + PercentEncoding.encode(account.password.expose()) + "@"
        return String(address[..<slashes]) + login + String(address[slashes...])
    }

    /// Host and port as they are written, without user and password.
    static func authority(_ address: String) -> Substring {
        guard let start = authorityStart(address) else { return "" }
        let authority = address[start...].prefix { !"/?#".contains($0) }
        return authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    }

    private static func authorityStart(_ address: String) -> String.Index? {
        guard let colon = address.firstIndex(of: ":"), address[colon...].hasPrefix("://") else { return nil }
        return address.index(colon, offsetBy: 3)
    }
}
