import CLibAV
import Media

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
    private var identifier: AVCodecID {
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
