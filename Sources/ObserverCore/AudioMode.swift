/// Recording of a camera's audio.
package enum AudioMode: String, Codable, Sendable, CaseIterable {
    /// The recorder does not set up the track.
    case off
    /// Recorded as it comes where MP4 can hold the codec; G.711, G.726 and linear audio are encoded to AAC.
    case copy
}

extension AudioMode: CameraChoice {
    package var label: String {
        switch self {
        case .off: "Not recorded"
        case .copy: "Recorded as it comes"
        }
    }
}
