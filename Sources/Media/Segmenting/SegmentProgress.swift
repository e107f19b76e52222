/// The state of the segment being written.
struct SegmentProgress {
    var start: Int64 = 0
    var end: Int64 = 0
    var bytes = 0
    var codecs: String?
    var fragmentStart: Int64 = 0
    var fragmentFrames = 0
    var hasDependent = false
    var isJoined = false
    var isRecoveryStart = false
    var nudgedBefore = 0
    var wallSteps = 0

    init() {}

    init(start: Int64, codecs: String) {
        self.start = start
        end = start
        fragmentStart = start
        self.codecs = codecs
    }
}
