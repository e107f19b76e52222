/// A session description (RFC 4566) as cameras write it.
public struct SessionDescription: Hashable, Sendable {
    /// The name of the session (`s=`).
    public let name: String?
    /// `a=control` of the session as written.
    public let control: String?
    /// The direction of tracks that state none.
    public let direction: MediaDescription.Direction?
    /// The tracks, in the camera's order.
    public let media: [MediaDescription]

    /// The index of the first video track over RTP, whatever comes before it.
    ///
    /// A track that the camera only receives, or does not send at present, is taken only where there is no other.
    public var video: Int? {
        let candidates = media.indices.filter { media[$0].kind == .video && media[$0].isRTP && media[$0].format != nil }
        return candidates.first { isSent(media[$0]) } ?? candidates.first
    }

    /// The index of the audio track whose encoding comes first in `encodings`; nil where none of them is offered.
    ///
    /// Back channels are passed over (ONVIF Streaming Specification, 5.3): they carry audio to the camera. A camera
    /// that marks its own video as `sendonly` states directions from its side, so there it means nothing.
    public func audio(_ encodings: [String]) -> Int? {
        let isReversed = video.map { direction(media[$0]) == .send } ?? false
        for encoding in encodings.map({ $0.uppercased() }) {
            for index in media.indices where media[index].kind == .audio && media[index].isRTP {
                let isOffered = isSent(media[index]) || (isReversed && direction(media[index]) == .send)
                if isOffered, media[index].format?.encoding == encoding { return index }
            }
        }
        return nil
    }

    private func direction(_ track: MediaDescription) -> MediaDescription.Direction? {
        track.direction ?? direction
    }

    private func isSent(_ track: MediaDescription) -> Bool {
        direction(track) != .send && direction(track) != .inactive
    }
}
