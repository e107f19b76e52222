import ObserverCore
import Synchronization
import System

/// The state that the writers and the recorders of one camera share: the backlog, and the account of what is written.
final class WriteQueue: Sendable {
    private struct Failure {
        var segment: SegmentID
        var reason: Interruption
    }

    /// The number of bytes on their way to the disk.
    let queuedBytes = Atomic(0)
    /// The number of segments whose commit failed, and is tried again.
    let uncommittedSegments = Atomic(0)
    let camera: CameraID
    let coverage: StreamCoverage
    private let fragments = Atomic(0)
    private let hasFailed = Atomic(false)
    private let failure = Lock<Failure?>(nil)
    private let isAwaited = Atomic(false)
    private let written = Lock<[@Sendable () -> Void]>([])

    init(camera: CameraID, coverage: StreamCoverage) {
        self.camera = camera
        self.coverage = coverage
    }

    /// The number of the next fragment.
    func nextFragment() -> Int {
        fragments.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Nothing more can be written to this segment.
    func fail(_ segment: SegmentID, _ reason: Interruption) {
        failure.withLock { $0 = Failure(segment: segment, reason: reason) }
        hasFailed.store(true, ordering: .releasing)
    }

    /// Calls `body` once, after the next fragment has been written; for the live server.
    func whenWritten(_ body: @escaping @Sendable () -> Void) {
        written.withLock { $0.append(body) }
        isAwaited.store(true, ordering: .releasing)
    }

    /// Calls those who wait for a fragment to be written; cheap where nobody does.
    func tellWritten() {
        guard isAwaited.load(ordering: .acquiring) else { return }
        isAwaited.store(false, ordering: .relaxed)
        let bodies = written.withLock { written in
            defer { written = [] }
            return written
        }
        for body in bodies { body() }
    }

    /// Takes the failure of the segment that is being recorded, if it has failed; cheap enough for every packet.
    func takeFailure(of segment: SegmentID?) -> Interruption? {
        guard hasFailed.load(ordering: .acquiring) else { return nil }
        hasFailed.store(false, ordering: .relaxed)
        // A segment that ended before is the writers' business alone.
        return failure.withLock { $0?.segment == segment ? $0?.reason : nil }
    }
}
