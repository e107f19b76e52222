/// Methods of RTSP 1.0 (RFC 2326, 10).
public enum RTSPMethod: String, Hashable, Sendable, CaseIterable {
    /// Asks for the methods that the server knows.
    case options = "OPTIONS"
    /// Asks for the description of a stream.
    case describe = "DESCRIBE"
    /// Replaces a description.
    case announce = "ANNOUNCE"
    /// Prepares the transport of one track.
    case setUp = "SETUP"
    /// Starts the media.
    case play = "PLAY"
    /// Halts the media.
    case pause = "PAUSE"
    /// Frees the session.
    case tearDown = "TEARDOWN"
    /// Reads a parameter; without a body, a sign of life.
    case getParameter = "GET_PARAMETER"
    /// Sets a parameter; without a body, a sign of life.
    case setParameter = "SET_PARAMETER"
    /// Sends the client to another server.
    case redirect = "REDIRECT"
    /// Starts recording on the server.
    case record = "RECORD"
    /// Reports a change of the media (RFC 7826, 13.5), which some servers of version 1.0 send as well.
    case playNotify = "PLAY_NOTIFY"

    /// The names with the blank behind them, for recognising a request in a stream.
    static let prefixes: [[UInt8]] = allCases.map { Array("\($0.rawValue) ".utf8) }
}
