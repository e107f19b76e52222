/// About a second of a stream: the index of its samples, then their bytes.
public struct Fragment: Sendable {
    /// The boxes `prft`, `moof` and `mdat`.
    public let bytes: MediaBytes
    /// The decode time of its first frame, in 1/90000 s.
    public let start90k: Int64
    /// The end of its last frame, in 1/90000 s.
    public let end90k: Int64
    /// The use of its first frame as a starting point.
    public let kind: FrameKind
    /// The number of its video frames.
    public let frames: Int
    /// The place of its first frame in `bytes`.
    public let firstFrame: Range<Int>
    /// True if it has audio.
    public let hasAudio: Bool

    /// The length in 1/90000 s.
    public var duration90k: Int64 { end90k - start90k }
}
