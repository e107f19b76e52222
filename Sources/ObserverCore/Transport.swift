/// How RTP reaches the recorder.
package enum Transport: String, Codable, Sendable, CaseIterable {
    /// TCP first, then UDP.
    case auto
    /// Interleaved in the RTSP connection.
    case tcp
    /// Separate datagrams.
    case udp
}

extension Transport: CameraChoice {
    package var label: String {
        switch self {
        case .auto: "TCP, then UDP"
        case .tcp: "TCP"
        case .udp: "UDP"
        }
    }
}
