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
    private let isRetryWanted = Monitor(false)
    private let ending = Lock<RecorderEnding>(.shutdown)
    private let ended = Monitor(false)
    private let hasThread = Atomic(true)
    private let isSuperseded = Atomic(false)

    /// Starts the thread, which first waits for the end of its predecessor.
    ///
    /// - Parameters:
    ///   - plan: The camera and its settings.
    ///   - predecessor: The previous recorder of the camera in this process.
    ///   - writeQueue: The way to the disk, which all recorders of the camera share.
    ///   - context: The parts that all recorders share.
    init(
        _ plan: RecorderPlan,
        after predecessor: CameraRecorder?,
        writeQueue: WriteQueue,
        context: RecorderContext
    ) {
        self.plan = plan
        self.context = context
        self.writeQueue = writeQueue
        stop.onStop { [isRetryWanted] in isRetryWanted.withLock { _ in } }
        currentEpoch = Atomic(plan.epoch)
        let thread = DedicatedThread.start(name: "cam-\(plan.camera.id)") { [self] in
            if let predecessor, !predecessor.waitForEnd(until: .now() + .seconds(10)) { predecessor.supersede() }
            tellStart()
            RecorderLoop(self).run()
            ended.withLock { $0 = true }
        }
        if thread.join(until: .now()), !waitForEnd(until: .now()) { reportMissingThread() }
    }

    private func tellStart() {
        if let known = plan.known {
            tell(.started(known, epoch: epoch))
        } else {
            tell(.reconnecting(Interruption(.noRecorder, "the settings of the camera were changed")))
        }
    }

    /// Reports a camera without a thread as not recorded; the reconciler starts another recorder for it.
    private func reportMissingThread() {
        hasThread.store(false, ordering: .relaxed)
        ended.withLock { $0 = true }
        context.logger.error("No thread for camera", [.cameraID: .int(Int(plan.camera.id.rawValue))])
        tellStart()
        tell(.interrupted(Interruption(.noRecorder, "the system refused a thread for this camera")))
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

    /// Another recorder has begun although this one has not ended: it has no say any more.
    private func supersede() {
        isSuperseded.store(true, ordering: .relaxed)
    }

    /// Sets the epoch of the next segment.
    func setEpoch(_ epoch: Int64) {
        guard currentEpoch.exchange(epoch, ordering: .relaxed) != epoch else { return }
        tell(.epochChanged(epoch))
    }

    var epoch: Int64 { currentEpoch.load(ordering: .relaxed) }

    /// Pauses the recorder while the disk has no room for it.
    func setPaused(_ isPaused: Bool) {
        paused.store(isPaused, ordering: .relaxed)
    }

    var isPaused: Bool { paused.load(ordering: .relaxed) }

    /// Ends the wait for the next attempt to connect.
    func retry() {
        isRetryWanted.withLock { $0 = true }
    }

    // MARK: For the loop

    fileprivate var parts: (RecorderContext, StopSignal, MediaInterrupt) { (context, stop, interrupt) }

    fileprivate func tell(_ event: Coverage.Event) {
        guard !isSuperseded.load(ordering: .relaxed) else { return }
        writeQueue.coverage.tell(event)
    }

    /// Waits for the next attempt; returns true if it is wanted now.
    fileprivate func waitForRetry(until deadline: MonotonicInstant) -> Bool {
        let isWanted = isRetryWanted.wait(until: deadline) { [stop] in $0 || stop.isStopped }
        forgetRetry()
        return isWanted && !stop.isStopped
    }

    /// A wish of before an attempt ended is granted by that attempt.
    fileprivate func forgetRetry() { isRetryWanted.withLock { $0 = false } }
}

/// Carries out the steps of `RecorderState` and tells the `Coverage` of the stream, on the camera's thread.
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
    private var health = StreamHealth()
    private var measureDue = MonotonicInstant.now()
    /// The time between two checks while packets arrive.
    private static let checkInterval = Duration.milliseconds(250)
    private static let measureInterval = Duration.seconds(10)

    init(_ recorder: CameraRecorder) {
        self.recorder = recorder
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
    }

    func run() {
        stop.wait(for: plan.delay)
        while !stop.isStopped {
            if recorder.isPaused { pause() }
            switch state.step(at: .now()) {
            case .open: connect()
            case .read: read()
            case .wait(let until): wait(until: until)
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
        health = StreamHealth()
        measureDue = .now()
        recorder.tell(.opened(video(streams.video)))
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
        if recorder.isPaused { throw MediaError(.file, "the disk of the spool is full") }
        recording.requestSnapshot()
        if health.update(recording.facts(lostPackets: source.lostPackets), at: now) { recorder.tell(.lostPackets) }
        guard recorder.writeQueue.coverage.isRecording else { return }
        handle(.recording)
        guard now >= measureDue else { return }
        measureDue = now + Self.measureInterval
        recorder.tell(.measured(measured(recording, now), health: health.notes(at: now)))
    }

    private func probe(until: MonotonicInstant) {
        let error = context.resolver.probe(plan.camera.url, within: .seconds(1))
        if let error {
            recorder.tell(.interrupted(Interruption(Cause(error.kind) ?? .unreachable, error.detail)))
        }
        handle(.probed(isAnswered: error == nil))
        switch state.step(at: .now()) {
        case .wait, .probe: wait(until: until)
        default: return
        }
    }

    private func wait(until: MonotonicInstant) {
        if recorder.waitForRetry(until: until) { handle(.retry) }
    }

    private func fail(_ error: MediaError) {
        recorder.forgetRetry()
        let warning = source.takeWarning()
        close(stop.isStopped ? .stopped : .lost)
        guard !stop.isStopped, let cause = Cause(error.kind) else { return }
        if recorder.isPaused { return pause() }
        logger.debug("Stream failed", [.error: LogValue(error), .libraryMessage: .string(warning ?? "")])
        // The end of a connection says little about its cause; a probe of the port says more.
        if error.kind == .unreachable, let found = context.resolver.probe(plan.camera.url, within: .seconds(1)),
            let real = Cause(found.kind)
        {
            recorder.tell(.interrupted(Interruption(real, found.detail)))
            return handle(.failed(real))
        }
        recorder.tell(.interrupted(Interruption(cause, error.detail)))
        handle(.failed(cause))
    }

    private func pause() {
        if state.step(at: .now()) != .pause { recorder.tell(.interrupted(.diskFull)) }
        handle(.disk(isFull: true))
    }

    private func close(_ reason: RunSegmenter.EndReason) {
        source.close()
        recording?.end(reason)
        recording = nil
    }

    private func handle(_ event: RecorderState.Event) {
        state.handle(event, at: .now(), chance: Double.random(in: 0...1))
    }

    private func finish() {
        switch recorder.endingReason {
        case .off: recorder.tell(.off)
        case .shutdown: recorder.tell(.stopped)
        case .lost: recorder.tell(.released)
        case .replaced: return
        }
    }

    // MARK: Video

    private func measured(_ recording: Recording, _ now: MonotonicInstant) -> VideoInfo {
        var info = video(recording.segmenter.streams.video)
        let measure = recording.measure
        let seconds = Double((now - measure.begun).wholeMilliseconds) / 1000
        if seconds > 2 {
            info.fps = (Double(measure.frames) / seconds * 10).rounded() / 10
            info.bitrate = Int(Double(measure.bytes) * 8 / seconds)
        }
        return info
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
}
