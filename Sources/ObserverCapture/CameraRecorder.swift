import ObserverConfiguration
import System
import Crypto
import Lifecycle
import Logging
import Media
import ObserverCore
import Spool
import Synchronization

/// The recorder of one camera: the handle to its thread.
final class CameraRecorder: Sendable {
    let plan: RecorderPlan
    let writeQueue: WriteQueue
    private let context: RecorderContext
    private let stop = StopSignal()
    private let interrupt = MediaInterrupt()
    private let currentEpoch: Atomic<Int64>
    private let paused = Atomic(false)
    private let ending = Lock<RecorderEnding>(.shutdown)
    private let covered = Lock<Timestamp?>(nil)
    private let lastStatus = Lock<CameraStatus?>(nil)
    private let ended = Monitor(false)
    private let hasThread = Atomic(true)

    /// Starts the thread, which first waits for the end of its predecessor.
    ///
    /// - Parameters:
    ///   - plan: The camera and its settings.
    ///   - predecessor: The previous recorder of the camera in this process.
    ///   - isContinued: Counts the time since the predecessor's last frame as not recorded.
    ///   - context: The parts that all recorders share.
    init(
        _ plan: RecorderPlan,
        after predecessor: CameraRecorder?,
        continuing isContinued: Bool,
        context: RecorderContext
    ) {
        self.plan = plan
        self.context = context
        writeQueue = predecessor?.writeQueue ?? WriteQueue(camera: plan.camera.id)
        currentEpoch = Atomic(plan.epoch)
        let thread = DedicatedThread.start(name: "cam-\(plan.camera.id)") { [self] in
            if let predecessor { _ = predecessor.waitForEnd(until: .now() + .seconds(10)) }
            let before = isContinued ? predecessor?.coveredUntil ?? predecessor?.plan.uncoveredSince : nil
            // Another process may have recorded the camera in between.
            let since = [before, plan.uncoveredSince].compactMap { $0 }.max()
            let loop = RecorderLoop(self, uncoveredSince: since)
            loop.run()
            ended.withLock { $0 = true }
        }
        if thread.join(until: .now()), !waitForEnd(until: .now()) { reportMissingThread() }
    }

    /// Reports a camera without a thread as not recorded; the reconciler starts another recorder for it.
    private func reportMissingThread() {
        hasThread.store(false, ordering: .relaxed)
        ended.withLock { $0 = true }
        let detail = "the system refused a thread for this camera"
        context.logger.error("No thread for camera", [.cameraID: .int(Int(plan.camera.id.rawValue))])
        let start = plan.uncoveredSince ?? .now()
        context.statusWriter.openGap(
            Gap(stream: stream, epoch: epoch, startedAt: start, cause: .noRecorder, detail: detail)
        )
        var status = newStatus(.retrying)
        status.cause = .noRecorder
        status.detail = detail
        report(status)
    }

    /// False if the system refused the thread.
    var isRunnable: Bool { hasThread.load(ordering: .relaxed) }

    /// Stops the recorder; the first reason counts.
    func end(_ reason: RecorderEnding) {
        guard !stop.isStopped else { return }
        ending.withLock { $0 = reason }
        stop.stop()
        interrupt.stop()
    }

    /// The reason of the first call of `end`.
    var endingReason: RecorderEnding { ending.withLock { $0 } }

    func waitForEnd(until deadline: MonotonicInstant) -> Bool {
        ended.wait(until: deadline) { $0 }
    }

    /// Sets the epoch of the next segment, and repeats the last report under it: one of an older epoch no longer counts.
    func setEpoch(_ epoch: Int64) {
        guard currentEpoch.exchange(epoch, ordering: .relaxed) != epoch else { return }
        if let status = lastStatus.withLock({ $0 }) { report(status) }
    }

    var epoch: Int64 { currentEpoch.load(ordering: .relaxed) }

    /// The stream that is recorded.
    var stream: StreamID { StreamID(plan.camera.id, .main) }

    /// Reports a status under the present epoch.
    func report(_ status: CameraStatus) {
        var status = status
        status.epoch = epoch
        lastStatus.withLock { $0 = status }
        context.statusWriter.report(status)
    }

    func newStatus(_ state: CameraState) -> CameraStatus {
        CameraStatus(stream: stream, epoch: epoch, state: state, since: .now(), recorder: context.recorder)
    }

    /// Pauses the recorder while the disk has no room for it.
    func setPaused(_ isPaused: Bool) {
        paused.store(isPaused, ordering: .relaxed)
    }

    var isPaused: Bool { paused.load(ordering: .relaxed) }

    /// The moment up to which the camera is recorded; nil if it never was.
    var coveredUntil: Timestamp? { covered.withLock { $0 } }

    // MARK: For the loop

    fileprivate var parts: (RecorderContext, StopSignal, MediaInterrupt) { (context, stop, interrupt) }
    fileprivate func setCovered(_ until: Timestamp) { covered.withLock { $0 = until } }
}

/// Carries out the steps of `RecorderState`, on the camera's thread.
private final class RecorderLoop {
    private let recorder: CameraRecorder
    private let context: RecorderContext
    private let stop: StopSignal
    private let interrupt: MediaInterrupt
    private let plan: RecorderPlan
    private let logger: Logger
    private var source: any CameraSource
    private let library: LibrarySource
    private var state = RecorderState()
    private var recording: Recording?
    private var status: CameraStatus
    private var uncoveredSince: Timestamp?
    private var hasGapRow = false
    private var wasRecorded = false
    private var statusDue = MonotonicInstant.now()
    /// The time between two checks while packets arrive.
    private static let checkInterval = Duration.milliseconds(250)

    init(_ recorder: CameraRecorder, uncoveredSince: Timestamp?) {
        self.recorder = recorder
        self.uncoveredSince = uncoveredSince
        (context, stop, interrupt) = recorder.parts
        plan = recorder.plan
        let camera = plan.camera
        logger = context.logger.with([.cameraID: .int(Int(camera.id.rawValue))])
        library = LibrarySource(plan.libraryOptions(context.resolver), interrupt: interrupt)
        if let options = plan.connectionOptions {
            source = CameraConnection(options, resolver: context.resolver, stop: stop, logger: logger)
        } else {
            source = library
        }
        status = recorder.newStatus(.connecting)
    }

    func run() {
        perform(state.begin())
        stop.wait(for: plan.delay)
        while !stop.isStopped {
            if recorder.isPaused { handle(.disk(isFull: true)) }
            switch state.step(at: .now()) {
            case .open: connect()
            case .read: read()
            case .wait(let until): stop.wait(until: until)
            case .probe(let until): probe(until: until)
            case .pause:
                stop.wait(for: .seconds(1))
                if !recorder.isPaused { handle(.disk(isFull: false)) }
            }
        }
        close(.stopped)
        finish()
    }

    // MARK: Steps

    private func connect() {
        guard let slot = context.connecting.acquire(until: stop) else { return }
        defer { context.connecting.release(slot) }
        do throws(MediaError) {
            do throws(MediaError) {
                try source.open(into: begin)
            } catch  where error.kind == .foreign && source !== library {
                logger.info("Stream left to library", [.detail: .string(error.detail)])
                source.close()
                source = library
                try source.open(into: begin)
            }
            handle(.opened)
        } catch {
            fail(error)
        }
    }

    /// Begins a recording of a stream that was found.
    private func begin(_ streams: StreamDescription) -> RunSegmenter {
        for note in streams.notes { logger.warning("Recording without part of stream", [.note: .string(note)]) }
        let made = Recording(
            streams,
            camera: plan.camera,
            epoch: { [recorder] in recorder.epoch },
            writeQueue: recorder.writeQueue,
            context: context
        )
        recording = made
        status.video = video(streams.video)
        return made.segmenter
    }

    private func read() {
        guard let recording else { return fail(MediaError(.stalled, "the stream is not open")) }
        var checkDue = MonotonicInstant.now()
        do throws(MediaError) {
            while true {
                try source.read()
                recording.update(receivedBytes: source.receivedBytes)
                let now = MonotonicInstant.now()
                guard now >= checkDue else { continue }
                checkDue = now + Self.checkInterval
                try checkPeriodically(recording, now)
            }
        } catch {
            fail(error)
        }
    }

    /// Checks that need not run for every packet.
    private func checkPeriodically(_ recording: Recording, _ now: MonotonicInstant) throws(MediaError) {
        if let until = recording.coveredUntil { recorder.setCovered(until) }
        if let from = recording.takeNewlyCovered() { covered(from: from) }
        if let error = recording.takeFailure() {
            handle(
                .interrupted(
                    .diskFull,
                    error.kind == .diskFull ? "the disk of the spool is full" : "the spool's disk failed"
                )
            )
        }
        if recording.isBehind {
            // Even if it can continue at once: the refused fragment is missing.
            handle(.interrupted(.diskFull, "the disk of the spool is too slow"))
            recording.resumeIfCaughtUp()
        }
        if recorder.isPaused { throw MediaError(.file, "the disk of the spool is full") }
        recording.requestSnapshot()
        guard now >= statusDue, status.state == .recording else { return }
        refresh(recording, now)
    }

    private func probe(until: MonotonicInstant) {
        let error = context.resolver.probe(plan.camera.url, within: .seconds(1))
        handle(.probed(error == nil, error.flatMap { Cause($0.kind) } ?? .unreachable, error?.detail ?? ""))
        switch state.step(at: .now()) {
        case .wait, .probe: stop.wait(until: until)
        default: return
        }
    }

    private func fail(_ error: MediaError) {
        let warning = source.takeWarning()
        close(stop.isStopped ? .stopped : .lost)
        guard !stop.isStopped, let cause = Cause(error.kind) else { return }
        if recorder.isPaused { return handle(.disk(isFull: true)) }
        logger.debug("Stream failed", [.error: LogValue(error), .libraryMessage: .string(warning ?? "")])
        // The end of a connection says little about its cause; a probe of the port says more.
        if error.kind == .unreachable, let found = context.resolver.probe(plan.camera.url, within: .seconds(1)),
            let real = Cause(found.kind)
        {
            return handle(.failed(real, found.detail))
        }
        handle(.failed(cause, error.detail))
    }

    private func close(_ reason: RunSegmenter.EndReason) {
        source.close()
        recording?.end(reason)
        if let until = recording?.coveredUntil { recorder.setCovered(until) }
        // The last bytes of a short recording are still on their way to the disk, which takes well under a second.
        if !stop.isStopped, let from = recording?.takeNewlyCovered(by: .now() + .seconds(1)) { covered(from: from) }
        recording = nil
    }

    // MARK: Reports

    private func covered(from: Timestamp) {
        handle(.recording)
        if !hasGapRow, let since = uncoveredSince, from.milliseconds - since.milliseconds >= 1000 {
            openGap(from: since, cause: .noRecorder, detail: "the recording was being started")
        }
        // Also for the first frame of a recorder: a previous run of the process may have left a gap open.
        if hasGapRow || !wasRecorded { closeGap(at: from) }
        hasGapRow = false
        wasRecorded = true
        uncoveredSince = nil
    }

    private func openGap(from start: Timestamp, cause: Cause, detail: String) {
        let (stream, epoch) = (recorder.stream, recorder.epoch)
        context.statusWriter.openGap(
            Gap(stream: stream, epoch: epoch, startedAt: start, cause: cause, detail: detail)
        )
        hasGapRow = true
    }

    private func closeGap(at end: Timestamp) {
        context.statusWriter.closeGap(of: recorder.stream, epoch: recorder.epoch, at: end)
    }

    private func handle(_ event: RecorderState.Event) {
        perform(state.handle(event, at: .now(), chance: Double.random(in: 0...1)))
    }

    private func perform(_ actions: [RecorderState.Action]) {
        for action in actions {
            switch action {
            case .report(let state, let cause, let detail):
                report(state, cause: cause, detail: detail)
            case .beginGap(let cause, let detail):
                let since = (wasRecorded ? recorder.coveredUntil : nil) ?? uncoveredSince ?? .now()
                uncoveredSince = since
                openGap(from: since, cause: cause, detail: detail)
            case .endGap:
                continue  // closed by `covered`, which knows when
            }
        }
    }

    private func report(_ newState: CameraState, cause: Cause?, detail: String?) {
        if status.state != newState {
            status.since = .now()
            logger.info(
                "Camera state changed",
                [
                    .cameraState: .string(newState.rawValue), .cause: .string(cause?.rawValue ?? ""),
                    .detail: .string(detail ?? ""),
                ]
            )
        }
        status.state = newState
        status.cause = cause
        status.detail = detail
        status.reconnects = state.reconnects
        if let recording, newState == .recording { return refresh(recording, .now()) }
        recorder.report(status)
    }

    private func refresh(_ recording: Recording, _ now: MonotonicInstant) {
        statusDue = now + .seconds(10)
        status.lastFrameAt = .now()
        status.video = video(recording.streams.video)
        let measure = recording.measure
        let seconds = Double((now - measure.begun).wholeMilliseconds) / 1000
        if seconds > 2 {
            status.video?.fps = (Double(measure.frames) / seconds * 10).rounded() / 10
            status.video?.bitrate = Int(Double(measure.bytes) * 8 / seconds)
        }
        recorder.report(status)
    }

    private func video(_ track: VideoTrack) -> VideoInfo {
        VideoInfo(
            codec: track.codec == .h265 ? "hevc" : track.codec.rawValue,
            width: track.width,
            height: track.height,
            fps: track.framesPerSecond,
            bitrate: 0
        )
    }

    private func finish() {
        switch recorder.endingReason {
        case .off:
            // Even if this recorder knows of none: a previous run of the process may have left a gap open.
            closeGap(at: .now())
            recorder.report(recorder.newStatus(.off))
            logger.info("Camera state changed", [.cameraState: .string("off")])
        case .shutdown:
            guard !hasGapRow else { return }
            let since = recorder.coveredUntil ?? uncoveredSince ?? .now()
            openGap(from: since, cause: .noRecorder, detail: "the recorder was stopped")
        case .replaced, .lost:
            return
        }
    }
}
