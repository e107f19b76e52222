import Media
import ObserverCore

extension Cause {
    /// Translates an error of the media library; nil for a stop.
    init?(_ kind: MediaError.Kind) {
        switch kind {
        case .unreachable: self = .unreachable
        case .refused: self = .refused
        case .unauthorized: self = .unauthorized
        case .notFound: self = .notFound
        case .noVideo: self = .noVideo
        case .noKeyFrames: self = .noKeyFrames
        case .stalled: self = .stalled
        case .badStream, .foreign, .file: self = .badStream
        case .dns: self = .dns
        case .tooManyOpen: self = .noRecorder
        case .stopped: return nil
        }
    }
}
