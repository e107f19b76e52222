import ObserverCore
import Spool
import Synchronization
import System

/// The state that the writers and the thread of one camera share: progress, backlog and failure.
final class WriteQueue: Sendable {
    /// A position in the recording: the camera's segment, counted from 1, and the moment.
    struct Mark: Hashable, Sendable {
        var ordinal: Int
        var until: Timestamp
    }

    /// The number of bytes on their way to the disk.
    let queuedBytes = Atomic(0)
    /// True if a segment of this camera failed since `takeFailure`; cheap enough to read with each packet.
    let hasFailed = Atomic(false)
    private let failure = Lock<SpoolError?>(nil)
    private let mark = Monitor<Mark?>(nil)
    private let begun = Atomic(0)
    let camera: CameraID

    init(camera: CameraID) {
        self.camera = camera
    }

    func fail(_ error: SpoolError) {
        failure.withLock { $0 = error }
        hasFailed.store(true, ordering: .releasing)
        mark.withLock { _ in }
    }

    /// The position up to which frames were written.
    var written: Mark? { mark.withLock { $0 } }

    func wrote(_ mark: Mark) {
        self.mark.withLock { $0 = mark }
    }

    /// The number of the next segment.
    func nextOrdinal() -> Int {
        begun.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Returns true if a part of this segment or a later one was written; waits for it until the deadline or a failure.
    func hasWritten(_ ordinal: Int, by deadline: MonotonicInstant) -> Bool {
        mark.wait(until: deadline) { ($0?.ordinal ?? 0) >= ordinal || hasFailed.load(ordering: .acquiring) }
            && (written?.ordinal ?? 0) >= ordinal
    }

    func takeFailure() -> SpoolError? {
        hasFailed.store(false, ordering: .releasing)
        return failure.withLock { failure in
            defer { failure = nil }
            return failure
        }
    }
}
