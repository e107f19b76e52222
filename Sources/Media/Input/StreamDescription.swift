/// The tracks of a stream that can be recorded.
public struct StreamDescription: Hashable, Sendable {
    /// Video.
    public var video: VideoTrack
    /// The audio, if it was asked for and MP4 can hold it.
    public var audio: AudioTrack?
    /// The parts that were left out and why, a sentence each.
    public var notes: [String]
    /// True for a live playlist, whose newest part comes again after a reconnect.
    public var isPlaylist = false

    /// Creates a description.
    public init(video: VideoTrack, audio: AudioTrack? = nil, notes: [String] = []) {
        self.video = video
        self.audio = audio
        self.notes = notes
    }
}
