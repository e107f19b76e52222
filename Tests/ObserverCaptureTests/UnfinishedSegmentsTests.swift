import Logging
import ObserverCore
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
            logger: Logger(label: "test", level: .error),
            perform: { _ in }
        )
    )

    @Test func `a segment is tried after a second, then after growing waits, at most a minute`() {
        var segments = UnfinishedSegments()
        let id = SegmentID.make(at: Timestamp(milliseconds: 1_790_000_000_000))
        segments.add(id, of: queue, at: start)
        segments.add(id, of: queue, at: start)
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
            segments.failed(id, at: now)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        segments.remove(id)
        #expect(segments.next(at: now + .seconds(1000)) == nil)
    }

    @Test func `one that fails does not stand in the way of the others`() {
        var segments = UnfinishedSegments()
        let ids = (0..<2).map { SegmentID.make(at: Timestamp(milliseconds: 1_790_000_000_000 + $0)) }
        for id in ids { segments.add(id, of: queue, at: start) }
        let now = start + .seconds(1)
        #expect(segments.next(at: now)?.0 == ids[0])
        segments.failed(ids[0], at: now)
        #expect(segments.next(at: now)?.0 == ids[1])
    }
}
