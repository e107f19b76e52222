public import RTSP

/// A step on the way to a camera's stream that its reader's owner acts upon.
public enum CameraReaderEvent: Sendable {
    /// The stream is described and its tracks are set up; a segmenter for it is due (``CameraReader/record(into:)``).
    case opened(StreamDescription)
    /// UDP ports are needed for this number of tracks; answer with ``CameraReader/usePorts(_:now:)``.
    case needsPorts(Int)
    /// Datagrams come on the ports and from the addresses of these tracks.
    case tracks([RTSPTrack])
    /// A receiver report is to be sent to the camera's RTCP port of a track.
    case report([UInt8], track: Int)
    /// The session is to be begun anew, with this configuration, on a new connection.
    case reconnect(RTSPConfiguration)
    /// The stream can be read, but not by this reader: the reason.
    case foreign(String)
    /// An oddity of the camera, for the log.
    case note(RTSPNote)
    /// The camera was taken leave of.
    case ended
}
