/// A frame that is being put together from NAL units.
struct PendingFrame: Sendable {
    /// The units since the last slice, which belong to the next picture.
    struct Prelude: Sendable {
        var hasRecoveryPoint = false
        var hasParameterSets = false
        var changedSets: ParameterSetKinds = []
        var isAfterGap = false
        var isRestart = false
    }

    var isOpen = false
    /// Its first byte in the buffer.
    var start = 0
    var timestamp: Int64 = 0
    /// Indicates that its beginning was told.
    var hasBegun = false
    var hasMarker = false
    /// Indicates that a packet of it had no marker.
    var hasUnmarkedPacket = false
    var isDamaged = false
    var units = 0
    var slices = 0
    var pictures = 0
    var firstKind = FrameKind.dependent
    var isIntra = true
    /// The beginning of units that follow the last slice and so belong to the next frame.
    var trailing: Int?
    /// The units before its first slice.
    var prelude = Prelude()

    /// Indicates that a part of the frame has come, though nothing may be left of it.
    var isInProgress: Bool { hasBegun || isDamaged }

    var kind: FrameKind {
        if firstKind == .idr || firstKind == .cra { return firstKind }
        return isIntra && hasBegun || prelude.hasRecoveryPoint ? .recovery : .dependent
    }
}

/// The experience with a camera's marker bits.
enum MarkerUse: Equatable, Sendable {
    /// Frames in a row have ended where a marker was; with enough of them the marker is trusted.
    case unknown(evidence: Int)
    case trusted
    case ignored
}
