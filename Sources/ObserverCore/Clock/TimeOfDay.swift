/// The time of day of moments of a clock that nobody sets, on one machine since it booted.
///
/// Usually one offset holds for all of them. Where the time of day was set forward or back and stays so, another one holds from
/// that moment on.
package struct TimeOfDay: Hashable, Sendable {
    private struct Piece: Hashable, Sendable {
        /// The first moment, in microseconds; `.min` for the first piece.
        var from: Int64
        var offset: Int64
    }

    private static let pieceLimit = 64

    /// In order; there is always one.
    private var pieces: [Piece]
    /// True while nothing but the machine's own clock speaks for it: all that was decided under it moves when more is known.
    package var isProvisional: Bool

    /// Creates a time with one offset: UTC less the other clock, in microseconds, limited so that no moment since the boot lies
    /// outside of what rows can hold.
    package init(offset: Int64, isProvisional: Bool = false) {
        pieces = [Piece(from: .min, offset: Self.bounded(offset))]
        self.isProvisional = isProvisional
    }

    /// The offset of the present.
    package var offset: Int64 { pieces[pieces.count - 1].offset }

    /// Sets the offset that holds from a moment on, in place of all that were set for later ones.
    package mutating func set(offset: Int64, from moment: Int64) {
        pieces.removeAll { $0.from >= moment && $0.from != .min }
        pieces.append(Piece(from: moment, offset: Self.bounded(offset)))
        guard pieces.count > Self.pieceLimit else { return }
        pieces.removeFirst()
        pieces[0].from = .min
    }

    /// The setting of the clock that another time does not know of, if it went forward: the moment, and the time of day
    /// up to it by the offset before.
    package func leap(since other: TimeOfDay) -> (at: Int64, from: Timestamp)? {
        guard pieces.count > 1, let last = pieces.last, !other.pieces.contains(last) else { return nil }
        let before = pieces[pieces.count - 2].offset
        guard last.offset > before else { return nil }
        let end = Timestamp(microseconds: last.from.addingSaturated(before))
        return (last.from, Timestamp(milliseconds: end.milliseconds))
    }

    /// UTC of a moment in microseconds, rounded down to the millisecond, as rows and sidecars have it.
    package func wall(_ uptime: Int64) -> Timestamp {
        let piece = pieces.last { $0.from <= uptime } ?? pieces[0]
        let time = Timestamp(milliseconds: Timestamp(microseconds: uptime.addingSaturated(piece.offset)).milliseconds)
        return min(max(time, SegmentLimits.startedAt.lowerBound), SegmentLimits.startedAt.upperBound)
    }

    /// The moment at a time of day; the later one where there are two, and the setting where there is none.
    package func uptime(_ wall: Timestamp) -> Int64 {
        let limits = SegmentLimits.startedAt
        let wall = min(max(wall, limits.lowerBound), limits.upperBound).microseconds
        var next = Int64.max
        for piece in pieces.reversed() {
            let moment = wall.addingSaturated(0 - piece.offset)
            if moment >= piece.from { return min(moment, next) }
            next = piece.from
        }
        return wall.addingSaturated(0 - pieces[0].offset)
    }

    /// Whole milliseconds, so that a row's time moves with its moment exactly.
    private static func bounded(_ offset: Int64) -> Int64 {
        let limits = SegmentLimits.startedAt
        let whole = Timestamp(milliseconds: Timestamp(microseconds: offset.addingSaturated(500)).milliseconds)
        return min(max(whole, limits.lowerBound), limits.upperBound).microseconds
    }
}
