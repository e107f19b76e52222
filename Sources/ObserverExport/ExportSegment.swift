package import ObserverCore

/// A segment as an export needs it; there may be tens of thousands of them in memory.
package struct ExportSegment: Hashable, Sendable {
    package var id: SegmentID
    package var run: RunID
    package var epoch: Int64
    package var startedAt: Timestamp
    package var durationMilliseconds: Int64
    package var bytes: Int64
    /// In lower-case hex.
    package var sha256: String
    package var initBytes: Int64
    /// In lower-case hex; segments with equal ones fit into one file.
    package var initSHA256: String
    package var start90k: Int64
    package var duration90k: Int64
    /// True if its first frame needs frames of the segment before it.
    package var isDependent: Bool
    package var state: SegmentState
    package var objectKey: String
    package var destinations: DestinationSet

    package init(_ segment: Segment, state: SegmentState, destinations: DestinationSet = .home) {
        id = segment.id
        run = segment.header.run
        epoch = segment.header.epoch
        startedAt = segment.startedAt
        durationMilliseconds = segment.end.durationMilliseconds
        bytes = segment.media.bytes
        sha256 = segment.media.sha256
        initBytes = segment.media.initBytes
        initSHA256 = segment.media.initSHA256
        start90k = segment.media.start90k
        duration90k = segment.media.duration90k
        isDependent = segment.end.flags.contains(.dependent)
        self.state = state
        objectKey = segment.header.objectKey
        self.destinations = destinations
    }

    package var endedAt: Timestamp { startedAt.advanced(byMilliseconds: durationMilliseconds) }

    /// The media time after the first frame that corresponds to a moment, in 1/90000 s.
    ///
    /// The wall clock and the camera's may run at different paces; both begin and end with the segment.
    package func ticks(at moment: Timestamp) -> Int64 {
        let microseconds = moment.microseconds - startedAt.microseconds
        guard durationMilliseconds > 0 else { return microseconds.multipliedSaturated(by: 9) / 100 }
        let share = Double(microseconds) / Double(durationMilliseconds * 1000)
        return Int64((min(max(share, -2), 2) * Double(duration90k)).rounded())
    }

    /// The moment of a media time within the segment, in 1/90000 s as in the file.
    package func moment(of ticks: Int64) -> Timestamp {
        guard duration90k > 0 else { return startedAt }
        let share = Double(ticks - start90k) / Double(duration90k)
        let microseconds = (min(max(share, 0), 2) * Double(durationMilliseconds * 1000)).rounded()
        return Timestamp(microseconds: startedAt.microseconds + Int64(microseconds))
    }
}
