import CLibAV
import Glibc
import Media

/// libavformat's error numbers in words that people use.
enum LibAVFailure {
    enum Phase {
        case opening, reading
    }

    static func error(_ code: Int32, _ phase: Phase, isExpired: Bool) -> MediaError {
        if isExpired {
            return phase == .opening
                ? MediaError(.unreachable, "the camera did not answer in time", code: code)
                : MediaError(.stalled, "no frame came for some time", code: code)
        }
        switch Int(code) {
        case OBSERVER_HTTP_UNAUTHORIZED, OBSERVER_HTTP_FORBIDDEN:
            return MediaError(.unauthorized, "the camera refused user and password", code: code)
        case OBSERVER_HTTP_NOT_FOUND:
            return MediaError(.notFound, "the camera knows no stream at this path", code: code)
        case OBSERVER_HTTP_BAD_REQUEST, OBSERVER_HTTP_OTHER_4XX:
            return MediaError(.refused, "the camera refused the request", code: code)
        case OBSERVER_HTTP_SERVER_ERROR:
            return MediaError(.refused, "the camera reported an error of its own", code: code)
        case OBSERVER_EOF:
            return phase == .opening
                ? MediaError(.badStream, "the camera closed the connection before any frame", code: code)
                : MediaError(.unreachable, "the camera ended the stream", code: code)
        case OBSERVER_INVALID_DATA:
            return MediaError(.badStream, "what the camera sent is not a stream that can be read", code: code)
        case OBSERVER_PROTOCOL_NOT_FOUND:
            return MediaError(.refused, "this kind of address is not allowed", code: code)
        default:
            return system(code, phase)
        }
    }

    private static func system(_ code: Int32, _ phase: Phase) -> MediaError {
        switch -code {
        case ECONNREFUSED: MediaError(.refused, "nothing listens at the camera's port", code: code)
        case ECONNRESET, EPIPE: MediaError(.unreachable, "the camera broke the connection", code: code)
        case ENETUNREACH, EHOSTUNREACH: MediaError(.unreachable, "no way leads to the camera", code: code)
        case ETIMEDOUT, EAGAIN:
            MediaError(phase == .opening ? .unreachable : .stalled, "the camera did not answer in time", code: code)
        case EIO: MediaError(phase == .opening ? .unreachable : .stalled, "the connection failed", code: code)
        case EPERM: MediaError(.refused, "the address is not allowed", code: code)
        default: MediaError(.badStream, "the stream cannot be read (error \(code))", code: code)
        }
    }
}
