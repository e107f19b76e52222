import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import System

/// The work of one camera's recorder: carries out the steps of `RecorderState` and tells the `Coverage` of the stream.
///
/// Belongs to the camera's loop, and never blocks.
final class CameraSession {
    /// The step that is being carried out.
    private enum Work {
        /// The predecessor ends, and the start is spread over time.
        case beginning(after: CameraRecorder?, until: MonotonicInstant)
        /// The state says what is next.
        case deciding
        /// A slot to connect is awaited.
        case queuing
        case opening
        case reading
        /// The state wants nothing before this moment.
        case waiting(until: MonotonicInstant)
        case pausing
        /// The port is probed to see if it is open, the next step comes at this moment.
        case probing(PortConnector, until: MonotonicInstant)
        /// The port is probed to name the cause of a failure.
        case naming(PortConnector, MediaError)
        /// The source takes leave.
        case closing(Reason)
        case ended
    }

    /// The reason why a connection is closed.
    private enum Reason {
        case failed(MediaError)
        /// The disk has no room for this camera.
        case paused
        /// The recorder ends.
        case ended
    }

    /// The time between two checks while frames arrive.
    private static let checkInterval = Duration.milliseconds(250)
    private static let measureInterval = Duration.seconds(10)
    private static let probeLimit = Duration.seconds(1)

    private let recorder: CameraRecorder
    private var live: LiveDesk
    private let context: RecorderContext
    private let loop: CameraLoop
    private let slots: OpeningSlots
    private let plan: RecorderPlan
    private let logger: Logger
    private var source: any CameraSource
    private let native: CameraConnection?
    private let library: LibrarySource
    private var state = RecorderState()
    private var work: Work
    private var recording: Recording?
    private var health = StreamHealth()
    private var flood = FloodWatch(at: .now())
    private var checkDue = MonotonicInstant.now()
    private var measureDue = MonotonicInstant.now()

    init(_ recorder: CameraRecorder, loop: CameraLoop, slots: OpeningSlots) {
        self.recorder = recorder
        self.loop = loop
        self.slots = slots
        context = recorder.context
        live = LiveDesk(context.live.channel(recorder.plan.camera.id))
        plan = recorder.plan
        logger = context.logger.with([.cameraID: .int(Int(plan.camera.id.rawValue))])
        library = plan.librarySource(context, loop: loop)
        native = plan.connection(context, loop: loop, logger: logger)
        source = native ?? library
        work = .beginning(after: recorder.predecessor, until: .now() + plan.delay)
        live.open(for: self) { [loop] in loop.wake() }
    }

    // MARK: For the loop

    /// True if the recorder asks for something.
    var isCalled: Bool { recorder.isCalled || live.isCalled }

    /// True once nothing more comes.
    var hasEnded: Bool { if case .ended = work { true } else { false } }

    /// How often `turn` is to be called.
    enum Sweep {
        /// When it is due, and not else.
        case none
        /// Ten times a second.
        case each
        /// Five times a second.
        case everySecond
    }

    /// How often `turn` is to be called now.
    var sweep: Sweep {
        switch work {
        case .reading: source.isCalm ? .everySecond : .each
        case .opening, .queuing, .pausing, .closing: .each
        case .beginning(let predecessor, _): predecessor == nil ? .none : .each
        default: .none
        }
    }

    /// The moment at which `turn` is to be called at the latest.
    var due: MonotonicInstant {
        switch work {
        case .deciding: .distantPast
        case .beginning(nil, let until), .waiting(let until): until
        case .opening, .reading, .closing: source.due
        case .probing(let connector, _), .naming(let connector, _): connector.due
        case .beginning, .queuing, .pausing, .ended: .distantFuture
        }
    }

    /// The descriptor that wakes the loop; nil where none does.
    var watch: SourceWatch? {
        switch work {
        case .opening, .reading, .closing: source.watch
        case .probing(let connector, _), .naming(let connector, _):
            connector.descriptor.map { SourceWatch(descriptor: $0, interest: .writable) }
        default: nil
        }
    }

    /// Does what can be done now.
    func turn(at now: MonotonicInstant) {
        if recorder.isCalled { answer(at: now) }
        if live.isCalled {
            let isWatched = live.answer(by: recording)
            native?.isWatched = isWatched
            library.isWatched = isWatched
        }
        // A step that ends at once is followed by the next.
        for _ in 0..<4 {
            advance(at: now)
            guard case .deciding = work else { return }
        }
    }

    /// Looks at what the recorder asks for.
    private func answer(at now: MonotonicInstant) {
        recorder.takeCall()
        guard recorder.endingReason == nil else { return end() }
        switch work {
        case .opening, .reading:
            if recorder.isPaused { leave(.paused) }
        case .waiting, .probing:
            if recorder.takeRetry() {
                library.lift()
                handle(.retry)
            }
            work = .deciding
        default: return
        }
    }

    private func advance(at now: MonotonicInstant) {
        switch work {
        case .beginning(let predecessor, let until): begin(after: predecessor, until: until, at: now)
        case .deciding: decide(at: now)
        case .queuing:
            guard !recorder.isPaused else { return pause() }
            guard slots.acquire(for: plan.camera.id, at: now) else { return }
            // A wish of before is granted by this attempt.
            _ = recorder.takeRetry()
            if let native, !library.isNeeded { source = native } else { source = library }
            flood = FloodWatch(at: now)
            source.open { [unowned self] streams in self.begin(streams) }
            work = .opening
            open(at: now)
        case .opening: open(at: now)
        case .reading: read(at: now)
        case .waiting(let until): if now >= until { work = .deciding }
        case .pausing:
            guard !recorder.isPaused else { return }
            handle(.disk(isFull: false))
            work = .deciding
        case .probing(let connector, let until): probe(connector, until: until, at: now)
        case .naming(let connector, let error): name(error, connector, at: now)
        case .closing(let reason): close(reason, at: now)
        case .ended: return
        }
    }

    // MARK: Steps

    private func begin(after predecessor: CameraRecorder?, until: MonotonicInstant, at now: MonotonicInstant) {
        if let predecessor {
            guard predecessor.hasEnded else { return }
            work = .beginning(after: nil, until: until)
        }
        guard now >= until else { return }
        if let known = plan.known {
            tell(.started(known, epoch: recorder.epoch))
        } else {
            tell(.reconnecting(Interruption(.noRecorder, "the settings of the camera were changed")))
        }
        work = .deciding
    }

    private func decide(at now: MonotonicInstant) {
        if recorder.isPaused { return pause() }
        switch state.step(at: now) {
        case .open: work = .queuing
        case .read: work = .reading
        case .wait(let until): work = .waiting(until: until)
        case .probe(let until): work = .probing(connector(), until: until)
        case .pause: work = .pausing
        }
    }

    private func open(at now: MonotonicInstant) {
        do throws(MediaError) {
            try source.turn(at: now)
            guard source.phase == .open else { return }
            slots.release(plan.camera.id)
            flood.open()
            handle(.opened)
            work = .reading
        } catch {
            guard error.kind == .foreign, source !== library else { return fail(error) }
            logger.info("Stream left to library", [.detail: .string(plan.shown(error.detail))])
            library.need()
            source.close()
            source = library
            source.open { [unowned self] streams in self.begin(streams) }
        }
    }

    /// Begins a recording of a stream that was found.
    private func begin(_ streams: StreamDescription) -> RunSegmenter {
        for note in streams.notes {
            logger.warning("Recording without part of stream", [.note: .string(plan.shown(note))])
        }
        let made = Recording(
            streams,
            camera: plan.camera,
            epoch: { [recorder] in recorder.epoch },
            writeQueue: recorder.writeQueue,
            context: context
        )
        recording = made
        live.begin(made)
        health = StreamHealth()
        (checkDue, measureDue) = (.now(), .now())
        tell(.opened(VideoInfo(streams.video)))
        return made.segmenter
    }

    private func read(at now: MonotonicInstant) {
        guard let recording else { return fail(MediaError(.stalled, "the stream is not open")) }
        do throws(MediaError) {
            try source.turn(at: now)
            recording.update(receivedBytes: source.receivedBytes)
            guard now >= checkDue else { return }
            checkDue = now + Self.checkInterval
            check(recording, at: now)
        } catch {
            fail(error)
        }
    }

    /// Checks that need not run every time.
    private func check(_ recording: Recording, at now: MonotonicInstant) {
        if health.update(recording.facts(lostPackets: source.lostPackets), at: now) { tell(.lostPackets) }
        if recording.segmenter.isShortOfKeyFrames { tell(.waiting(.keyFrameAwaited)) }
        guard recorder.writeQueue.coverage.isRecording else { return }
        handle(.recording)
        guard now >= measureDue else { return }
        measureDue = now + Self.measureInterval
        tell(.measured(recording.video(at: now), health: health.notes(at: now)))
    }

    private func connector() -> PortConnector {
        let lookUp = context.resolver.addresses(of: plan.camera.url) { [loop] in loop.wake() }
        return PortConnector(lookUp, limit: Self.probeLimit)
    }

    /// Looks if the port answers.
    private func probe(_ connector: PortConnector, until: MonotonicInstant, at now: MonotonicInstant) {
        do throws(MediaError) {
            guard try connector.turn(at: now) != nil else { return }
            handle(.probed(isAnswered: true))
        } catch {
            tell(.interrupted(Interruption(Cause(error.kind) ?? .unreachable, plan.shown(error.detail))))
            handle(.probed(isAnswered: false))
        }
        switch state.step(at: now) {
        case .wait, .probe: work = .waiting(until: until)
        default: work = .deciding
        }
    }

    // MARK: Failures

    private func fail(_ error: MediaError) {
        logger.debug(
            "Stream failed",
            [
                .error: LogValue(plan.shown(error)),
                .libraryMessage: .string(plan.shown(source.takeWarning() ?? "")),
            ]
        )
        leave(.failed(error))
    }

    /// Begins to take leave of the camera.
    private func leave(_ reason: Reason) {
        slots.release(plan.camera.id)
        flood.note(source.receivedBytes, at: .now())
        source.close()
        work = .closing(reason)
        close(reason, at: .now())
    }

    /// Goes on once the source has taken leave.
    private func close(_ reason: Reason, at now: MonotonicInstant) {
        do throws(MediaError) {
            try source.turn(at: now)
        } catch {
            logger.debug("Leave failed", [.error: LogValue(plan.shown(error))])
        }
        guard source.phase == .closed else { return }
        // The call that gave the connection up had taken more, and so may the leave.
        flood.note(source.receivedBytes, at: now)
        if case .ended = reason { recording?.end(.stopped) } else { recording?.end(.lost) }
        live.end(recording)
        recording = nil
        switch reason {
        case .ended: finish()
        case .paused: pause()
        // The end of a connection says little about its cause; a probe of the port says more.
        case .failed(let error) where error.kind == .unreachable && !recorder.isPaused:
            work = .naming(connector(), error)
        case .failed(let error): fail(Cause(error.kind) ?? .unreachable, error.detail)
        }
    }

    private func fail(_ cause: Cause, _ detail: String) {
        if recorder.isPaused { return pause() }
        tell(.interrupted(Interruption(cause, plan.shown(detail))))
        if source === library, let end = library.quarantineEnd {
            handle(.quarantined(until: end))
        } else {
            handle(.failed(cause, isFlooded: flood.isFlood))
        }
        work = .deciding
    }

    private func name(_ error: MediaError, _ connector: PortConnector, at now: MonotonicInstant) {
        var found = error
        do throws(MediaError) {
            guard try connector.turn(at: now) != nil else { return }
        } catch {
            found = error
        }
        fail(Cause(found.kind) ?? .unreachable, found.detail)
    }

    /// Waits until there is room on the disk.
    private func pause() {
        tell(.interrupted(.diskFull))
        handle(.disk(isFull: true))
        work = .pausing
    }

    // MARK: The end

    private func end() {
        switch work {
        case .ended: return
        case .closing: work = .closing(.ended)
        case .opening, .reading: leave(.ended)
        default: finish()
        }
    }

    private func finish() {
        work = .ended
        live.close(for: self)
        switch recorder.endingReason {
        case .off: tell(.off)
        case .lost: tell(.released)
        case .replaced: break
        case .shutdown, nil: tell(.stopped)
        }
        recorder.finish()
    }

    private func tell(_ event: Coverage.Event) {
        recorder.writeQueue.coverage.tell(event)
    }

    private func handle(_ event: RecorderState.Event) {
        state.handle(event, at: .now(), chance: event.isFailure ? Double.random(in: 0...1) : 0)
    }
}
