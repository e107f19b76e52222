/// Decides whether a deletion is so unusual that a person has to approve it.
///
/// A wrong rule and a wrong clock look the same: suddenly much of a camera is due. What a camera loses in a usual day
/// passes, so that a short memory of a day or two needs no approval for each of its hours.
package struct RetentionSafety: Hashable, Sendable {
    /// The bytes of all recordings of the camera.
    package var total: Int64
    /// The most bytes that were deleted of it in one of the last thirty days; nil: none were.
    package var usual: Int64?

    package init(total: Int64, usual: Int64?) {
        self.total = total
        self.usual = usual
    }

    /// The reason for which it has to be approved, as a sentence; nil where it need not be.
    ///
    /// - Parameter due: The bytes that are due of the camera, in all of its streams.
    /// - Returns: A sentence with figures.
    package func objection(to due: Int64) -> String? {
        if let usual, usual > 0 {
            if due <= usual { return nil }
            if due > usual.multipliedSaturated(by: 3) {
                return "more than three times what is deleted of this camera in a day"
            }
        }
        guard due > total / 10 else { return nil }
        return "more than a tenth of what there is of this camera"
    }
}
