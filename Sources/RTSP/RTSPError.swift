public import Errors

/// The reason why a session could not be set up or had to end.
///
/// The texts hold no URL, no user name and no password; all of them are logged and shown.
public struct RTSPError: DescribedError, Hashable {
    /// The kinds of trouble.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// User name or password are missing or wrong, or the camera asks for an unknown kind of authentication.
        case unauthorized
        /// The account is known and may not view this stream (403).
        case forbidden
        /// The camera knows no stream at this path (404, 410).
        case notFound
        /// No session or bandwidth is left (453).
        case busy
        /// The camera refuses the request for another reason (4xx).
        case refused
        /// The camera reports an error of its own (5xx).
        case cameraFailed
        /// The camera does not send over the transport that was asked for (461).
        case transportRefused
        /// The port speaks another protocol.
        case notRTSP
        /// The bytes are neither RTP nor RTSP, or more than the limits allow.
        case badStream
        /// The description has no video.
        case noVideo
        /// An answer did not come in time.
        case noAnswer
        /// The camera has forgotten the session (454).
        case sessionLost
        /// Redirects lead in circles, or to something that is not RTSP.
        case badRedirect
        /// The camera closed the connection.
        case closed
    }

    /// The kind of trouble.
    public let kind: Kind
    /// A sentence for people.
    public let detail: String
    /// The status of the camera's answer, where there was one.
    public let status: Int?

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String, status: Int? = nil) {
        self.kind = kind
        self.detail = detail
        self.status = status
    }

    /// Returns true if another try can succeed without anybody's help.
    public var isTemporary: Bool {
        switch kind {
        case .notFound, .busy, .refused, .cameraFailed, .badStream, .noAnswer, .sessionLost, .closed: true
        case .unauthorized, .forbidden, .transportRefused, .notRTSP, .noVideo, .badRedirect: false
        }
    }

    /// Advice for a person.
    public var hint: String? {
        switch kind {
        case .unauthorized: "check the user name and the password in the camera's settings"
        case .forbidden: "give the account the right to view live video, in the camera's own pages"
        case .notFound: "check the path behind the address; each maker has its own"
        case .busy: "close other viewers of the camera, or raise its limit of connections"
        case .transportRefused: "choose another transport for this camera"
        case .notRTSP: "check the port; RTSP cameras mostly use 554"
        case .noVideo: "check that the address leads to a video stream and that the camera's encoder is switched on"
        case .badRedirect: "enter the address that the camera redirects to"
        case .refused, .cameraFailed, .badStream, .noAnswer, .sessionLost, .closed: nil
        }
    }

    /// The error for an answer that refuses a request.
    static func refusal(_ status: Int, to method: RTSPMethod) -> RTSPError {
        let what = "\(method.rawValue) (\(status))"
        switch status {
        case 401, 407:
            return RTSPError(.unauthorized, "the camera refused the user name or the password", status: status)
        case 403: return RTSPError(.forbidden, "the camera denies this account the stream", status: status)
        case 404, 410: return RTSPError(.notFound, "the camera knows no stream at this path", status: status)
        case 453: return RTSPError(.busy, "the camera has no session or bandwidth left", status: status)
        case 454: return RTSPError(.sessionLost, "the camera does not know the session any more", status: status)
        case 461:
            return RTSPError(.transportRefused, "the camera does not send over this transport", status: status)
        case 503: return RTSPError(.cameraFailed, "the camera is not ready to send, \(what)", status: status)
        case 500...: return RTSPError(.cameraFailed, "the camera reported an error of its own, \(what)", status: status)
        case 300..<400:
            return RTSPError(.badRedirect, "the camera redirects without an address, \(what)", status: status)
        default: return RTSPError(.refused, "the camera refused the request, \(what)", status: status)
        }
    }
}
