import ObserverCore
import Testing

/// A camera that another recorder has handed over, and with which that one goes on for a while.
@Suite struct CoverageHandOverTests {
    private let segment = SegmentID.makeRandom()

    /// Recorded by another up to 5 s, as far as is known at 10 s.
    private func taken() -> CoverageTests.Stream {
        var known = KnownCoverage(
            wantedSince: CoverageTests.Stream.wall(0),
            recorded: [.init(from: CoverageTests.Stream.wall(0), to: CoverageTests.Stream.wall(5))]
        )
        known.isHandedOver = true
        return CoverageTests.Stream(known: known, at: 10)
    }

    @Test func `what the recorder before still records is no gap`() {
        var stream = taken()
        stream.write((12, 13), of: segment)
        #expect(stream.gaps.isEmpty)
        stream.tell(.interrupted(Interruption(.stalled, "silent")), at: 14)
        #expect(stream.gaps == ["13.0– stalled"])
    }

    @Test func `a camera that this recorder cannot open is missing from then on`() {
        var stream = taken()
        stream.tell(.interrupted(Interruption(.refused, "one connection alone")), at: 12)
        stream.write((15, 16), of: segment)
        #expect(stream.gaps == ["12.0–15.0 refused"])
    }

    @Test func `the recorder before goes on for ten seconds, not longer`() {
        var stream = taken()
        stream.write((25, 26), of: segment)
        #expect(stream.gaps == ["20.0–25.0 stalled"])
    }

    @Test func `a recorder that ends before it has recorded leaves the time from then on`() {
        var stream = taken()
        stream.tell(.stopped, at: 12)
        #expect(stream.gaps == ["12.0– no_recorder"])
    }

    @Test func `a gap that was open when the camera was handed over lasts until this recorder records`() {
        let gap = Gap(
            stream: StreamID(CameraID(rawValue: 7), .main),
            epoch: 2,
            startedAt: CoverageTests.Stream.wall(5),
            cause: .refused,
            detail: nil
        )
        var known = KnownCoverage(wantedSince: CoverageTests.Stream.wall(0), gap: gap)
        known.isHandedOver = true
        var stream = CoverageTests.Stream(known: known, at: 10)
        stream.write((12, 13), of: segment)
        #expect(
            stream.changes.contains { if case .close(let row) = $0 { row.startedAt == gap.startedAt } else { false } }
        )
    }
}
