package import ObserverCore

/// A segment of an export, and the part of it that is wanted.
package struct ExportSelection: Hashable, Sendable {
    package var segment: ExportSegment
    /// Where it begins; nil for its start.
    package var from: Timestamp?
    /// Where it ends; nil for its end.
    package var to: Timestamp?

    package init(_ segment: ExportSegment, from: Timestamp? = nil, to: Timestamp? = nil) {
        self.segment = segment
        self.from = from
        self.to = to
    }

    /// True if the fragments of the segment have to be known.
    package var isCut: Bool { from != nil || to != nil }

    /// The overlap of two recordings, in milliseconds, up to which the second one is moved rather than the first one cut.
    private static let tolerance: Int64 = 500

    /// Chooses what of a camera's segments shows a stretch of time once, without anything doubled.
    ///
    /// Where two recorders had the camera at the same time, the earlier recording ends where the later one begins, which is
    /// with a key frame; one that lies within another is left out.
    ///
    /// - Parameters:
    ///   - segments: All that overlap the stretch; before the first one those that it depends on.
    ///   - from: Its beginning.
    ///   - to: Its end.
    /// - Returns: The selection, and the segments that were left out.
    package static func choose(
        _ segments: [ExportSegment],
        from: Timestamp,
        to: Timestamp
    ) -> (chosen: [ExportSelection], covered: [ExportSegment]) {
        let sorted = segments.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
        var chosen: [ExportSelection] = []
        var covered: [ExportSegment] = []
        for segment in sorted where segment.startedAt < to {
            guard let last = chosen.last, last.segment.run != segment.run else {
                chosen.append(ExportSelection(segment))
                continue
            }
            let overlap = last.segment.endedAt.milliseconds - segment.startedAt.milliseconds
            guard overlap > tolerance else {
                chosen.append(ExportSelection(segment))
                continue
            }
            guard segment.endedAt > last.segment.endedAt, !segment.isDependent else {
                covered.append(segment)
                continue
            }
            chosen[chosen.count - 1].to = segment.startedAt
            chosen.append(ExportSelection(segment))
        }
        if let first = chosen.first, first.segment.startedAt < from { chosen[0].from = from }
        if let last = chosen.last, last.segment.endedAt > to { chosen[chosen.count - 1].to = to }
        return (chosen, covered)
    }

    /// Groups a selection into files: within one, all segments have the same init section.
    package static func parts(of selections: [ExportSelection]) -> [[ExportSelection]] {
        var parts: [[ExportSelection]] = []
        for selection in selections {
            if let last = parts.last?.last?.segment, last.initSHA256 == selection.segment.initSHA256,
                last.initBytes == selection.segment.initBytes
            {
                parts[parts.count - 1].append(selection)
            } else {
                parts.append([selection])
            }
        }
        return parts
    }
}
