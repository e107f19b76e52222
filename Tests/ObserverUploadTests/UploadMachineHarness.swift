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

    init(
        parallel: Int = 8,
        mostJobs: Int = 5000,
        destinations: [Destination] = [.home],
        copies: Int = 1
    ) {
        var limits = UploadStateMachine.Limits(parallel: parallel)
        limits.mostJobs = mostJobs
        limits.seed = 1
        limits.destinations = destinations
        limits.copies = copies
        machine = UploadStateMachine(limits: limits)
        // The receipt log is empty.
        _ = handle(.tick)
        _ = handle(.receiptsReplayed(.done(to: .beginning, isLast: true)))
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
            _ = handle(.putFinished(segment.id, .refused(.of(segment))))
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

extension UploadMachineHarness {
    /// Has the database take the row of a segment that S3 has confirmed, and the disk delete its files.
    mutating func settle(_ segment: Segment) -> [UploadStateMachine.Action] {
        let actions = handle(.rowsWritten(.written([segment.id: .stored])))
        #expect(actions.contains(.delete([segment.id])))
        return handle(.deleted([segment.id], problems: [:]))
    }
}

extension StoredObject {
    static let sample = StoredObject(etag: "e", confirmedAt: SegmentHeader.sampleStart)
}

extension Receipt {
    static func sample(_ segment: Segment, tries: Int = 1) -> Receipt {
        Receipt(segment: segment, etag: "e", storedAt: SegmentHeader.sampleStart, tries: tries)
    }
}

extension Refusal {
    /// A refusal that no other segment gets.
    static func of(_ segment: Segment) -> Refusal {
        Refusal(code: segment.id.description, reason: "400", isStoreWide: false)
    }
}

/// Segments that follow each other.
func segments(_ count: Int) -> [Segment] {
    (0..<count).map { index in
        Segment.sample(at: SegmentHeader.sampleStart.advanced(bySeconds: Int64(index) * 10), sequence: index)
    }
}
