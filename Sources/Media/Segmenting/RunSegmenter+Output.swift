extension RunSegmenter {
    /// The output, in order: a segment begins, gets fragments, ends.
    public enum Output: Sendable {
        /// A segment begins with this init section.
        case began(Begin)
        /// The next bytes of the segment.
        case fragment(Part)
        /// The segment is complete.
        case ended(End)
    }

    /// The beginning of a segment.
    public struct Begin: Sendable {
        /// Counts from 0 in the run.
        public var sequence: Int
        /// Its init section.
        public var initSection: MediaBytes
        /// Decode time of its first frame, in 1/90000 s.
        public var mediaStart90k: Int64
        /// When its first frame was captured, in nanoseconds of the clock of the arrivals, as far as known by now.
        public var capturedAt: Int64
        /// RFC 6381 names, video first.
        public var codecs: String
        /// The configuration that a decoder needs for frames as they lie in the file.
        public var decoderParameters: [UInt8]
        /// The tracks it holds.
        public var streams: StreamDescription
    }

    /// A fragment as a part of its segment.
    public struct Part: Sendable {
        /// The fragment.
        public var fragment: Fragment
        /// When its first frame was captured, in nanoseconds of the clock of the arrivals, by what is known now.
        public var capturedAt: Int64
        /// When its last frame ended, likewise; nothing is missing in between.
        public var capturedUntil: Int64
    }

    /// The end of a segment.
    public struct End: Sendable {
        /// The reason for its end.
        public var reason: EndReason
        /// Remarks on how it came about.
        public var flags: Set<Flag>
        /// UTC of its first frame, in microseconds since 1970.
        public var startedAt: Int64
        /// When its first frame was captured, in nanoseconds of the clock of the arrivals.
        public var capturedAt: Int64
    }

    /// A remark on a segment.
    public enum Flag: Hashable, Sendable {
        /// The media time follows the arrival of packets.
        case clockArrival
        /// The media time was joined across a jump of the stream's clock.
        case clockJoined
        /// Timestamps that did not increase were moved.
        case timestampsNudged
        /// The first frame is a recovery point and no IDR frame.
        case recoveryStart
        /// The first frame needs frames of the segment before it.
        case dependent
        /// The audio could not be carried on.
        case audioDropped
        /// The wall clock stepped against media time.
        case wallStep
    }

    /// Reasons for the end of a segment.
    public enum EndReason: Hashable, Sendable {
        /// The segmenter's own decision.
        case cut(Segmenter.Reason)
        /// The recording was stopped.
        case stopped
        /// The stream was lost.
        case lost
    }
}
