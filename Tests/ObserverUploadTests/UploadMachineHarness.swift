import System
import ObserverCore
import ObserverMessages
import Spool
import TestSupport
import Testing

@testable import ObserverUpload

/// The state machine with a clock turned by hand.
struct UploadMachineHarness {
    var machine: UploadStateMachine
    var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    init(parallel: Int = 8, mostJobs: Int = 5000) {
        var limits = UploadStateMachine.Limits(parallel: parallel)
        limits.mostJobs = mostJobs
        machine = UploadStateMachine(limits: limits)
    }

    mutating func handle(_ event: UploadStateMachine.Event) -> [UploadStateMachine.Action] {
        machine.handle(event, now: now)
    }

    mutating func pass(_ duration: Duration) -> [UploadStateMachine.Action] {
        now = now + duration
        return handle(.tick)
    }

    mutating func announce(_ segment: Segment, attempt: Int, cycle: Int) {
        let recorded = SegmentRecorded(attempt: attempt, cycle: cycle, segment: segment)
        #expect(handle(.received(recorded, 1)) == [.prepare(segment.id)])
    }

    /// Has S3 refuse a segment three times.
    mutating func deadLetter(_ segment: Segment) {
        for attempt in 1...3 {
            begin(segment, attempt: attempt)
            _ = handle(.putFinished(segment.id, .refused("403")))
            _ = handle(.published(segment.id, isConfirmed: true))
        }
    }

    /// Takes a segment to the point where its PUT is under way.
    mutating func begin(_ segment: Segment, attempt: Int = 1, cycle: Int = 0, delivery: DeliveryToken = 1) {
        let recorded = SegmentRecorded(attempt: attempt, cycle: cycle, segment: segment)
        #expect(handle(.received(recorded, delivery)) == [.prepare(segment.id)])
        #expect(handle(.prepared(segment.id, .ready(segment))) == [.put(segment)])
    }
}

/// Segments that follow each other.
func segments(_ count: Int) -> [Segment] {
    (0..<count).map { index in
        Segment.sample(at: SegmentHeader.sampleStart.advanced(bySeconds: Int64(index) * 10), sequence: index)
    }
}
