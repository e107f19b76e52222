/// A timeline with few enough pieces for a picture, whatever lay in it.
///
/// Time is divided into cells of one size. Where a cell has more than three pieces, those of one kind become one: they
/// follow each other from the first moment of the cell that was wanted. So each cell has exactly as much of each kind as
/// before, nothing vanishes, the parts still make up what was wanted, and only places inside the cell are no longer true.
struct TimelineDrawing {
    /// The kind of a piece: what it is part of, and how it is marked.
    private struct Kind: Hashable {
        enum Part: Hashable {
            case covered, unexplained
            case gap(Cause)
        }

        var part: Part
        var isWaiting = false
        var isHeld = false
        var isLost = false

        var isGap: Bool { if case .gap = part { true } else { false } }
    }

    private struct Piece {
        var span: TimeSpan
        var kind: Kind
        var detail: String?
        var lasts = false
        /// The rows of gaps that are in it, and the places of the first and the last one.
        var rows = 0
        var first = -1
        var last = -1

        func part(from start: Int64, to end: Int64) -> Piece {
            var part = self
            part.span = TimeSpan(from: start, to: end)
            if end < span.end { part.lasts = false }
            return part
        }

        /// Takes in a piece of the same kind, which keeps its length and not its place.
        mutating func absorb(_ other: Piece) {
            span.end += other.span.milliseconds
            rows += other.rows - (other.rows > 0 && other.first == last ? 1 : 0)
            last = other.last
            if rows > 1 { detail = nil }
        }
    }

    /// The number of pieces that a cell has at most as they were.
    private static let exactPieces = 3
    /// The sizes of cells in seconds; each divides the next.
    private static let sizes: [Int64] =
        [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 21_600, 43_200] + (0..<24).map { 86_400 << $0 }

    private var pieces: [Piece]
    private let base: CameraTimeline

    private init(_ timeline: CameraTimeline) {
        base = timeline
        var pieces = timeline.covered.map { Piece(span: $0, kind: Kind(part: .covered)) }
        pieces += timeline.unexplained.map { Piece(span: $0, kind: Kind(part: .unexplained)) }
        pieces += timeline.gaps.enumerated().map { index, gap in
            Piece(
                span: gap.span,
                kind: Kind(part: .gap(gap.cause)),
                detail: gap.detail,
                lasts: gap.lasts,
                rows: 1,
                first: index,
                last: index
            )
        }
        pieces.sort { $0.span.start < $1.span.start }
        self.pieces = pieces
        mark(timeline.waiting, \.isWaiting, isIn: { $0 == .covered })
        mark(timeline.held, \.isHeld, isIn: { $0 == .covered })
        mark(timeline.lost, \.isLost, isIn: { $0 != .covered })
    }

    /// Draws a timeline so that its JSON has at most so many bytes.
    ///
    /// - Parameters:
    ///   - timeline: The timeline as it was.
    ///   - resolution: The least size of cells in milliseconds; 0: none are needed.
    ///   - bytes: The bytes; less than a few thousand are too few for anything.
    /// - Returns: The timeline, with the size of cells that was needed.
    static func draw(_ timeline: CameraTimeline, resolution: Int64, within bytes: Int) -> CameraTimeline {
        let few = timeline.withExpired(upTo: bytes / 10).withDetails(upTo: bytes / 3)
        guard resolution > 0 || few.size > bytes else { return few }
        let exact = TimelineDrawing(timeline)
        var result = few
        // Many pieces need cells of a size anyway that a first look tells.
        let least = max(resolution, exact.pieces.count > 4000 ? timeline.span.milliseconds / 2000 : 0)
        // Cells of the size that is asked for are no parts of the others.
        let own = resolution > 0 && resolution >= least ? [[resolution]] : []
        for sizes in own + [sizes.map({ $0 * 1000 }).filter({ $0 > least })] {
            var drawing = exact
            for size in sizes {
                drawing.coarsen(to: size)
                result = drawing.timeline(resolution: size).withExpired(upTo: bytes / 10).withDetails(upTo: bytes / 3)
                if result.size <= bytes { return result }
            }
        }
        return result
    }

    // MARK: Pieces

    /// Marks the parts of pieces that lie in a set, and divides pieces where the set begins and ends.
    private mutating func mark(
        _ spans: [TimeSpan],
        _ flag: WritableKeyPath<Kind, Bool>,
        isIn: (Kind.Part) -> Bool
    ) {
        guard !spans.isEmpty else { return }
        var result: [Piece] = []
        result.reserveCapacity(pieces.count + 2 * spans.count)
        var rest = spans[...]
        for piece in pieces {
            guard isIn(piece.kind.part) else {
                result.append(piece)
                continue
            }
            var start = piece.span.start
            while let span = rest.first, span.end <= start { rest.removeFirst() }
            for span in rest {
                guard span.start < piece.span.end else { break }
                let common = span.clamped(to: TimeSpan(from: start, to: piece.span.end))
                guard !common.isEmpty else { continue }
                if common.start > start { result.append(piece.part(from: start, to: common.start)) }
                var marked = piece.part(from: common.start, to: common.end)
                marked.kind[keyPath: flag] = true
                result.append(marked)
                start = common.end
            }
            if start < piece.span.end { result.append(piece.part(from: start, to: piece.span.end)) }
        }
        pieces = result
    }

    // MARK: Cells

    private mutating func coarsen(to size: Int64) {
        var result: [Piece] = []
        var cell: [Piece] = []
        var end = Int64.min
        for piece in pieces {
            // What lasts stays at the end of the timeline.
            if piece.lasts {
                Self.flush(&cell, to: &result)
                Self.append(piece, to: &result)
                continue
            }
            var start = piece.span.start
            while start < piece.span.end {
                let cellEnd = start.flooredCell(size).addingSaturated(size)
                if cellEnd != end { Self.flush(&cell, to: &result) }
                end = cellEnd
                var until = min(piece.span.end, cellEnd)
                if start == cellEnd - size, until == cellEnd {
                    // Whole cells of one kind.
                    until = piece.span.end.flooredCell(size)
                    Self.append(piece.part(from: start, to: until), to: &result)
                } else {
                    cell.append(piece.part(from: start, to: until))
                }
                start = until
            }
        }
        Self.flush(&cell, to: &result)
        pieces = result
    }

    /// Adds the pieces of a cell, and empties it.
    private static func flush(_ cell: inout [Piece], to result: inout [Piece]) {
        defer { cell.removeAll(keepingCapacity: true) }
        guard cell.count > exactPieces, let first = cell.first else {
            for piece in cell { append(piece, to: &result) }
            return
        }
        var merged: [Piece] = []
        for piece in cell {
            if let place = merged.firstIndex(where: { $0.kind == piece.kind }) {
                merged[place].absorb(piece)
            } else {
                // Beside what is of the same part, so that it looks like one.
                let place = merged.lastIndex { $0.kind.part == piece.kind.part }.map { $0 + 1 } ?? merged.endIndex
                merged.insert(piece, at: place)
            }
        }
        var start = first.span.start
        for var piece in merged {
            piece.span = TimeSpan(from: start, to: start + piece.span.milliseconds)
            start = piece.span.end
            append(piece, to: &result)
        }
    }

    /// Adds a piece, or prolongs the last one if it is the same or both are drawn together already.
    private static func append(_ piece: Piece, to result: inout [Piece]) {
        guard let last = result.last, last.kind == piece.kind, last.span.end == piece.span.start, !last.lasts,
            !piece.kind.isGap || last.last == piece.first || (last.rows > 1 && piece.rows > 1)
        else { return result.append(piece) }
        result[result.count - 1].absorb(piece)
        result[result.count - 1].lasts = piece.lasts
    }

    // MARK: Results

    private func timeline(resolution: Int64) -> CameraTimeline {
        var result = CameraTimeline(nothingIn: base.span)
        func spans(_ isPart: (Kind) -> Bool) -> [TimeSpan] {
            TimeSpanSet(pieces.filter { isPart($0.kind) }.map(\.span)).spans
        }
        result.wanted = spans { _ in true }
        result.covered = spans { $0.part == .covered }
        result.unexplained = spans { $0.part == .unexplained }
        result.waiting = spans(\.isWaiting)
        result.held = spans(\.isHeld)
        result.lost = spans(\.isLost)
        result.gaps = gaps
        result.expired = base.expired
        result.resolution = resolution
        return result
    }

    /// The gaps; parts of one that differ in their marks only are one again.
    private var gaps: [CameraTimeline.Missing] {
        var result: [CameraTimeline.Missing] = []
        var before: Piece?
        for piece in pieces {
            guard case .gap(let cause) = piece.kind.part else { continue }
            if let last = before, last.kind.part == piece.kind.part, last.span.end == piece.span.start,
                last.last == piece.first || (last.rows > 1 && piece.rows > 1)
            {
                result[result.count - 1].span.end = piece.span.end
                result[result.count - 1].lasts = piece.lasts
            } else {
                let detail = piece.rows > 1 ? "\(piece.rows) gaps, drawn as one" : piece.detail
                result.append(.init(span: piece.span, cause: cause, detail: detail, lasts: piece.lasts))
            }
            before = piece
        }
        return result
    }
}

extension Int64 {
    /// The full multiple of a size that is not later.
    fileprivate func flooredCell(_ size: Int64) -> Int64 {
        let rest = self % size
        return rest < 0 ? self - rest - size : self - rest
    }
}

extension CameraTimeline {
    /// Draws the timeline so that its JSON has at most so many bytes, as ``TimelineDrawing`` describes.
    ///
    /// - Parameters:
    ///   - resolution: The least size of cells in milliseconds; 0: the least that is needed.
    ///   - bytes: The bytes.
    /// - Returns: The timeline, with the size of cells that was needed.
    package func drawn(resolution: Int64 = 0, within bytes: Int) -> CameraTimeline {
        TimelineDrawing.draw(self, resolution: resolution, within: bytes)
    }

    /// The bytes of its JSON, rather too many.
    var size: Int {
        let lists = [wanted, covered, unexplained, waiting, held, lost, expired]
        let details = gaps.reduce(0) { $0 + Self.size(of: $1.detail) }
        return 700 + 68 * lists.reduce(0) { $0 + $1.count } + 112 * gaps.count + details
    }

    private static func size(of detail: String?) -> Int {
        guard let detail else { return 4 }
        // Control characters are written with six, quotation marks with two.
        return 2 + detail.utf8.reduce(0) { $0 + ($1 < 32 ? 6 : $1 == 34 || $1 == 92 ? 2 : 1) }
    }

    /// Leaves out the details of the shortest gaps, so that all of them have at most so many bytes.
    fileprivate func withDetails(upTo bytes: Int) -> CameraTimeline {
        guard gaps.reduce(0, { $0 + Self.size(of: $1.detail) - 4 }) > bytes else { return self }
        var result = self
        var left = bytes
        for index in gaps.indices.sorted(by: { gaps[$0].span.milliseconds > gaps[$1].span.milliseconds }) {
            let size = Self.size(of: gaps[index].detail)
            if size <= left { left -= size } else { result.gaps[index].detail = nil }
        }
        return result
    }

    /// Joins stretches that are expired across ever longer holes, until they have at most so many bytes.
    fileprivate func withExpired(upTo bytes: Int) -> CameraTimeline {
        guard expired.count * 68 > bytes else { return self }
        var result = self
        var hole: Int64 = 1000
        while result.expired.count * 68 > bytes {
            result.expired = TimeSpanSet(result.expired).joined(across: hole).spans
            hole = hole.multipliedSaturated(by: 4)
        }
        return result
    }
}
