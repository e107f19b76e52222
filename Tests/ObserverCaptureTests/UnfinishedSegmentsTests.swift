import Logging
import ObserverCore
import Spool
import System
import Testing

@testable import ObserverCapture

@Suite struct UnfinishedSegmentsTests {
    private let start = MonotonicInstant(nanoseconds: 0)
    private let queue = WriteQueue(
        camera: CameraID(rawValue: 7),
        coverage: StreamCoverage(
            StreamID(CameraID(rawValue: 7), .main),
            recorder: "test",
            clock: .ofMachine(),
            logger: Logger(label: "test", level: .error),
            perform: { (_, _) in }
        )
    )

    private func header(_ number: Int64 = 0) -> SegmentHeader {
        SegmentHeader(
            beginning: StreamID(CameraID(rawValue: 7), .main),
            at: Timestamp(milliseconds: 1_790_000_000_000 + number),
            epoch: 1,
            run: RunID.makeRandom(),
            sequence: 0,
            origin: SegmentOrigin(recorder: "test", spoolID: SpoolID.makeRandom()),
            keyPrefix: "test"
        )
    }

    @Test func `a segment is tried after a second, then after growing waits, at most a minute`() {
        var segments = UnfinishedSegments()
        let header = header()
        segments.add(.salvage, SegmentDraft(header, begun: nil), of: queue, now: start)
        segments.add(.salvage, SegmentDraft(header, begun: nil), of: queue, now: start)
        #expect(segments.count == 1 && segments.next(at: start) == nil)
        var now = start
        var waits: [Int] = []
        for _ in 0..<9 {
            var seconds = 0
            while segments.next(at: now) == nil {
                now = now + .seconds(1)
                seconds += 1
            }
            waits.append(seconds)
            segments.failed(header.id, at: now)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        segments.remove(header.id)
        #expect(segments.next(at: now + .seconds(1000)) == nil)
    }

    @Test func `one that fails does not stand in the way of the others`() {
        var segments = UnfinishedSegments()
        let headers = (0..<2).map { header($0) }
        for header in headers { segments.add(.discard, SegmentDraft(header, begun: nil), of: queue, now: start) }
        let now = start + .seconds(1)
        #expect(segments.next(at: now)?.draft.header.id == headers[0].id)
        segments.failed(headers[0].id, at: now)
        #expect(segments.next(at: now)?.draft.header.id == headers[1].id)
    }

    @Test func `when the disk works again those that failed wait no longer`() {
        var segments = UnfinishedSegments()
        let (old, new) = (header(0), header(1))
        segments.add(.salvage, SegmentDraft(old, begun: nil), of: queue, now: start)
        for second in 1..<8 { segments.failed(old.id, at: start + .seconds(second)) }
        let now = start + .seconds(8)
        segments.add(.salvage, SegmentDraft(new, begun: nil), of: queue, now: now)
        #expect(segments.next(at: now) == nil)
        segments.hurry(at: now)
        #expect(segments.next(at: now)?.draft.header.id == old.id)
        segments.remove(old.id)
        // What failed just now gets its second.
        #expect(segments.next(at: now) == nil)
    }
}
