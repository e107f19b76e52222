import Lifecycle
import Logging
import ObserverCore
import System

/// A thread that serves many cameras: it wakes when one of their sockets is ready while a stream is being opened, at the
/// moments that they name, and ten times a second for those whose streams are open; each calm one is served every second time.
final class CameraLoop: Service {
    private final class Entry {
        let session: CameraSession
        /// The descriptor that wakes the loop for this session.
        var watched: Int32?
        /// The moment at which the session is to be called at the latest.
        var due = MonotonicInstant.distantPast
        var sweep = CameraSession.Sweep.each
        /// The sweeps, even or odd, that are for this session while it is calm.
        let parity: Int

        init(_ session: CameraSession, parity: Int) {
            self.session = session
            self.parity = parity
        }

        /// Returns true if a sweep is for this session.
        func isSwept(in number: Int) -> Bool {
            switch sweep {
            case .none: false
            case .each: true
            case .everySecond: number & 1 == parity
            }
        }

        /// Asks the session when it is to be called.
        func ask() {
            (due, sweep) = (session.due, session.sweep)
        }
    }

    /// The time between two looks into the sockets of open streams.
    static let sweepInterval = Duration.milliseconds(100)
    private static let scratchBytes = 512 << 10

    let name: String
    /// Memory for what is received in one call; only the loop's own thread uses it.
    ///
    /// Safe: sessions of this loop alone reach it, and they run on its thread.
    nonisolated(unsafe) let scratch: UnsafeMutableRawBufferPointer
    private let poll: EventPoll
    private let arrivals = Lock<[CameraRecorder]>([])
    private let slots: OpeningSlots
    private let logger: Logger

    /// Creates a loop without cameras.
    ///
    /// - Throws: `SystemError` where no descriptor is free.
    init(name: String, slots: OpeningSlots, logger: Logger) throws(SystemError) {
        self.name = name
        self.slots = slots
        self.logger = logger
        poll = try EventPoll()
        scratch = .allocate(byteCount: Self.scratchBytes, alignment: 64)
    }

    deinit {
        scratch.deallocate()
    }

    /// Takes over a camera; may be called from any thread, as `wake`.
    func add(_ recorder: CameraRecorder) {
        arrivals.withLock { $0.append(recorder) }
        poll.wake()
    }

    /// Has the loop look at all its cameras soon.
    func wake() {
        poll.wake()
    }

    /// Serves the cameras until stopped and until all of them have ended.
    func run(until stop: StopSignal) {
        stop.onStop { [poll] in poll.wake() }
        var entries: [UInt64: Entry] = [:]
        // All cameras of a process share their writers.
        var writers: WriterPool?
        var (sweepDue, sweepCount) = (MonotonicInstant.now(), 0)
        while !stop.isStopped || !entries.isEmpty {
            var ready: Set<UInt64> = []
            let hasRung = poll.wait(until: wakeUp(for: entries, sweepDue: sweepDue)) { ready.insert($0) }
            let now = MonotonicInstant.now()
            for recorder in takeArrivals() {
                let token = UInt64(UInt(bitPattern: ObjectIdentifier(recorder)))
                let session = CameraSession(recorder, loop: self, slots: slots)
                entries[token] = Entry(session, parity: entries.count & 1)
                writers = recorder.context.writers
            }
            let isSweep = now >= sweepDue
            if isSweep { (sweepDue, sweepCount) = (now + Self.sweepInterval, sweepCount + 1) }
            for (token, entry) in entries {
                // Only the bell tells of what changed without a turn.
                if hasRung { entry.ask() }
                let session = entry.session
                guard
                    entry.due <= now || isSweep && entry.isSwept(in: sweepCount) || ready.contains(token)
                        || session.isCalled
                else { continue }
                session.turn(at: now)
                guard !session.hasEnded else {
                    if let watched = entry.watched { poll.remove(watched) }
                    entries[token] = nil
                    continue
                }
                entry.watched = watch(session.watch, token: token, before: entry.watched)
                entry.ask()
            }
            writers?.wake()
        }
    }

    private func takeArrivals() -> [CameraRecorder] {
        arrivals.withLock { arrivals in
            defer { arrivals = [] }
            return arrivals
        }
    }

    private func wakeUp(for entries: [UInt64: Entry], sweepDue: MonotonicInstant) -> MonotonicInstant {
        var first = MonotonicInstant.distantFuture
        for entry in entries.values {
            first = min(first, entry.sweep == .none ? entry.due : min(sweepDue, entry.due))
        }
        return first
    }

    /// Waits for a descriptor; one that was closed and opened again under the same number is a new one to the kernel.
    private func watch(_ watch: SourceWatch?, token: UInt64, before: Int32?) -> Int32? {
        if let before, before != watch?.descriptor { poll.remove(before) }
        guard let watch else { return nil }
        do throws(SystemError) {
            try poll.set(watch.descriptor, interest: watch.interest, token: token)
        } catch {
            // The session's deadline ends what is never ready.
            logger.error("Socket not watched", [.error: LogValue(error)])
        }
        return watch.descriptor
    }
}
