/// The time in which a camera was wanted, in pieces of one kind each.
struct TimelinePieces {
    enum Kind: Hashable {
        case covered
        /// A gap, by its place among the facts.
        case gap(Int)
        case unexplained

        var isGap: Bool { if case .gap = self { true } else { false } }
    }

    private struct Piece {
        var span: TimeSpan
        var kind: Kind
    }

    /// In order and without overlaps.
    private var pieces: [Piece]

    init(_ footage: TimeSpanSet, _ rows: [Gap], wanted: TimeSpanSet, now: Int64) {
        let covered = footage.intersection(wanted)
        let missing = wanted.subtracting(covered)
        let gaps = Self.gaps(rows, in: missing, now: now)
        let unexplained = missing.subtracting(TimeSpanSet(gaps.map(\.span)))
        pieces = covered.spans.map { Piece(span: $0, kind: .covered) }
        pieces += gaps
        pieces += unexplained.spans.map { Piece(span: $0, kind: .unexplained) }
        pieces.sort { $0.span.start < $1.span.start }
    }

    /// The parts of gap rows that lie in what is missing; of two rows for the same time, that which began first counts.
    private static func gaps(_ rows: [Gap], in missing: TimeSpanSet, now: Int64) -> [Piece] {
        let order = rows.indices.sorted { rows[$0].startedAt < rows[$1].startedAt }
        var claimed = Int64.min
        var result: [Piece] = []
        var rest = missing.spans[...]
        for index in order {
            let end = rows[index].endedAt?.milliseconds ?? now
            let span = TimeSpan(from: max(rows[index].startedAt.milliseconds, claimed), to: end)
            guard !span.isEmpty else { continue }
            claimed = end
            while let hole = rest.first, hole.end <= span.start { rest.removeFirst() }
            for hole in rest {
                guard hole.start < span.end else { break }
                result.append(Piece(span: hole.clamped(to: span), kind: .gap(index)))
            }
        }
        return result
    }

    // MARK: Changes

    /// Counts unexplained pieces that are no longer than this with a neighbour: as a gap beside a gap, as covered beside
    /// footage alone.
    mutating func absorbSlivers(upTo longest: Int64) {
        for index in pieces.indices where pieces[index].kind == .unexplained {
            guard pieces[index].span.milliseconds <= longest else { continue }
            let beside = neighbours(of: index)
            if let kind = beside.first(where: \.isGap) ?? beside.first { pieces[index].kind = kind }
        }
    }

    mutating func cut(to span: TimeSpan) {
        pieces = pieces.compactMap { piece in
            let common = piece.span.clamped(to: span)
            return common.isEmpty ? nil : Piece(span: common, kind: piece.kind)
        }
    }

    /// The kinds of the pieces that touch one, the earlier first.
    private func neighbours(of index: Int) -> [Kind] {
        let span = pieces[index].span
        var kinds: [Kind] = []
        if index > 0, pieces[index - 1].span.end == span.start { kinds.append(pieces[index - 1].kind) }
        if index + 1 < pieces.count, pieces[index + 1].span.start == span.end { kinds.append(pieces[index + 1].kind) }
        return kinds
    }

    // MARK: Results

    /// The start of the time after the last row, if there is any that began no earlier than a moment.
    func startOfTail(since moment: Int64) -> Int64? {
        let tail = pieces.suffix(while: { $0.kind == .unexplained })
        return tail.first { $0.span.start >= moment }?.span.start
    }

    var covered: TimeSpanSet { spans(of: .covered) }
    var unexplained: TimeSpanSet { spans(of: .unexplained) }

    private func spans(of kind: Kind) -> TimeSpanSet {
        TimeSpanSet(pieces.lazy.filter { $0.kind == kind }.map(\.span))
    }

    /// The gaps, with what touches and belongs to one row in one piece.
    func gaps(of facts: TimelineFacts, until end: Int64) -> [CameraTimeline.Missing] {
        var result: [CameraTimeline.Missing] = []
        var last: Int?
        for piece in pieces {
            guard case .gap(let index) = piece.kind else { continue }
            let row = facts.gaps[index]
            if last == index, result.last?.span.end == piece.span.start {
                result[result.count - 1].span.end = piece.span.end
            } else {
                result.append(CameraTimeline.Missing(span: piece.span, cause: row.cause, detail: row.detail))
            }
            last = index
            result[result.count - 1].lasts = row.endedAt == nil && piece.span.end == end
        }
        return result
    }
}

extension Array {
    /// The longest end of the array of which all elements satisfy a condition.
    fileprivate func suffix(while isPart: (Element) -> Bool) -> ArraySlice<Element> {
        self[(lastIndex { !isPart($0) }.map { $0 + 1 } ?? startIndex)...]
    }
}
