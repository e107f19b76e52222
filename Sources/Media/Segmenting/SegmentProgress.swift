/// The state of the segment being written.
struct SegmentProgress {
    /// Decode times in 1/90000 s.
    var start: Int64 = 0
    var end: Int64 = 0
    var bytes = 0
    var fragments: UInt32 = 0
    var isJoined = false
    var hasHole = false
    var isRecoveryStart = false
    var isDependent = false
    var isAudioDropped = false
    /// Counters as they stood when the segment began.
    var nudgedBefore = 0
    var wallSteps = 0
}
