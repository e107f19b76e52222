/// A change that the owner of a session acts upon.
public enum RTSPEvent: Sendable {
    /// The camera has described its stream; SETUP is ready to be sent.
    case described(SessionDescription)
    /// UDP ports are needed for this number of tracks; answer with `RTSPSession.usePorts`.
    case needsPorts(Int)
    /// All tracks are set up and PLAY is ready to be sent: join groups before the output is.
    case setUp([RTSPTrack])
    /// Media comes. There is an entry for each track; nil where the camera said nothing usable about it.
    case playing([RTPInfo?])
    /// The session is over; go on with a new connection to the address of this configuration, if policy allows it.
    case redirected(RTSPConfiguration)
    /// The session is over because the camera closed the connection to hear the credentials on another one.
    case reopen(RTSPConfiguration)
    /// The camera announced another description while it sends.
    case announced(SessionDescription)
    /// An oddity for the log; each kind comes once in a session.
    case note(RTSPNote)
    /// The session was torn down.
    case ended
    /// The session cannot go on.
    case failed(RTSPError)
}

/// An oddity of a camera.
public enum RTSPNote: String, Hashable, Sendable, CaseIterable {
    /// An answer has no `CSeq`, or another one than its request.
    case sequenceMismatch
    /// An answer came that fits no request, or came twice.
    case unexpectedAnswer
    /// The audio track could not be set up; the video is recorded without it.
    case audioRefused
    /// Media comes on another channel than was promised.
    case channelAdopted
    /// Media comes although PLAY was not answered.
    case playUnanswered
    /// The camera sent a request of its own.
    case cameraRequest
    /// A keep-alive request was refused, so another method is used.
    case keepAliveMethodRefused
    /// A keep-alive request was not answered.
    case keepAliveUnanswered
    /// Each track was given another session identifier.
    case sessionChanged
    /// The camera was reached at another address of a track than the one it described.
    case controlReplaced
    /// TCP was refused, so UDP is used.
    case transportReplaced
    /// The nonce was replaced during the session.
    case nonceReplaced
}
