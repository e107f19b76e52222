import Lifecycle
import ObserverCore
import Synchronization
import System

/// The recorder of one camera as other threads see it; the work is done by its `CameraSession` on the camera's loop.
final class CameraRecorder: Sendable {
    let plan: RecorderPlan
    let writeQueue: WriteQueue
    let context: RecorderContext
    /// The recorder of the camera that ends before this one begins.
    let predecessor: CameraRecorder?
    private let loop: CameraLoop
    private let currentEpoch: Atomic<Int64>
    private let paused = Atomic(false)
    private let called = Atomic(false)
    private let retryWanted = Atomic(false)
    private let ending = Lock<RecorderEnding?>(nil)
    private let ended = Monitor(false)

    /// Starts recording, once the predecessor has ended.
    ///
    /// - Parameters:
    ///   - plan: The camera and its settings.
    ///   - predecessor: The previous recorder of the camera in this process, on the same loop.
    ///   - writeQueue: The way to the disk, which all recorders of the camera share.
    ///   - loop: The loop that serves the camera.
    ///   - context: The parts that all recorders share.
    init(
        _ plan: RecorderPlan,
        after predecessor: CameraRecorder?,
        writeQueue: WriteQueue,
        loop: CameraLoop,
        context: RecorderContext
    ) {
        self.plan = plan
        self.predecessor = predecessor.flatMap { $0.hasEnded ? nil : $0 }
        self.writeQueue = writeQueue
        self.loop = loop
        self.context = context
        currentEpoch = Atomic(plan.epoch)
        loop.add(self)
    }

    /// Stops the recorder; the first reason counts.
    func end(_ reason: RecorderEnding) {
        ending.withLock { $0 = $0 ?? reason }
        call()
    }

    /// The reason of the first call of `end`; nil before it.
    var endingReason: RecorderEnding? { ending.withLock { $0 } }

    /// True once the recorder has done all that it will do.
    var hasEnded: Bool { waitForEnd(until: .now()) }

    /// Waits until the recorder has done all that it will do; returns true if it has.
    func waitForEnd(until deadline: MonotonicInstant) -> Bool {
        ended.wait(until: deadline) { $0 }
    }

    /// Sets the epoch of the next segment.
    func setEpoch(_ epoch: Int64) {
        guard currentEpoch.exchange(epoch, ordering: .relaxed) != epoch else { return }
        writeQueue.coverage.tell(.epochChanged(epoch))
    }

    var epoch: Int64 { currentEpoch.load(ordering: .relaxed) }

    /// Pauses the recorder while the disk has no room for it.
    func setPaused(_ isPaused: Bool) {
        if paused.exchange(isPaused, ordering: .relaxed) != isPaused { call() }
    }

    var isPaused: Bool { paused.load(ordering: .relaxed) }

    /// Ends the wait for the next attempt to connect.
    func retry() {
        retryWanted.store(true, ordering: .relaxed)
        call()
    }

    private func call() {
        called.store(true, ordering: .releasing)
        loop.wake()
    }

    // MARK: For the session

    /// True if something was asked for since `takeCall`.
    var isCalled: Bool { called.load(ordering: .relaxed) }

    /// Takes note that the session looks at what is asked for.
    func takeCall() { _ = called.exchange(false, ordering: .acquiringAndReleasing) }

    /// Returns true if the next attempt is wanted now, and forgets that.
    func takeRetry() -> Bool { retryWanted.exchange(false, ordering: .relaxed) }

    /// Releases those who wait for the end: nothing more comes.
    func finish() { ended.withLock { $0 = true } }
}
