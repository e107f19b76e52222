import Glibc
import Logging
import ObserverCore
import Spool
import System

/// The `Coverage` of one stream, which the threads of its recorder, its writer and the reconciler share.
///
/// It lives as long as the process has the camera, across recorders.
final class StreamCoverage: Sendable {
    private let coverage: Lock<Coverage>
    private let clock: SharedClock
    private let logger: Logger
    private let perform: @Sendable ([Coverage.Action], TimeOfDay) -> Void

    /// Creates the coverage of a stream that nothing is known of yet.
    ///
    /// - Parameters:
    ///   - stream: The stream.
    ///   - recorder: The recorder's name.
    ///   - clock: The time.
    ///   - logger: Takes changes of the state.
    ///   - perform: Carries out actions that were decided under a time of day; it is called under a lock, in their order, and
    ///     must be short.
    init(
        _ stream: StreamID,
        recorder: String,
        clock: SharedClock,
        logger: Logger,
        perform: @escaping @Sendable ([Coverage.Action], TimeOfDay) -> Void
    ) {
        self.clock = clock
        coverage = Lock(Coverage(stream, recorder: recorder, at: clock.moment))
        self.logger = logger.with([.cameraID: .int(Int(stream.camera.rawValue))])
        self.perform = perform
    }

    /// Handles an event.
    func tell(_ event: Coverage.Event) {
        let actions = coverage.withLock { coverage in
            let moment = clock.moment
            let actions = coverage.handle(event, at: moment)
            if !actions.isEmpty { perform(actions, moment.time) }
            return actions
        }
        for case .report(let status, isNew: true) in actions {
            logger.info(
                "Camera state changed",
                [
                    .cameraState: .string(status.state.rawValue), .cause: .string(status.cause?.rawValue ?? ""),
                    .detail: .string(status.detail ?? ""),
                ]
            )
        }
    }

    /// True while frames are recorded, as far as is known.
    var isRecording: Bool { coverage.withLock { $0.isRecording } }
}

extension Interruption {
    /// Describes why a segment is not written.
    init(_ error: SpoolError) {
        switch error.kind {
        case .inUse: self.init(.noRecorder, "another recorder has taken the camera over")
        case .diskFull: self = .diskFull
        case .tooManyOpen: self = .tooManyOpen
        case .notASpool, .fileFailed, .corrupt:
            let words = error.code == 0 ? error.detail : String(cString: strerror(error.code))
            self.init(
                .diskFailed,
                "the recorder's disk cannot be written (\(words)); once it can, recording goes on by itself"
            )
        }
    }

    /// A recording begins with a key frame.
    static let keyFrameAwaited = Interruption(
        .noKeyFrames,
        "the camera's first key frame was awaited; set its key-frame interval to 1 to 4 s"
    )
    /// No room is left for this camera.
    static let diskFull = Interruption(
        .diskFull,
        "the recorder's disk is full; free space on it, or see why uploads do not drain it"
    )
    /// Too much waits to be written.
    static let diskBehind = Interruption(.diskFailed, "the recorder's disk is too slow for its cameras")
    /// The process has as many descriptors as it may have.
    static let tooManyOpen = Interruption(
        .noRecorder,
        "the recorder may not open more files; raise its limit of open files, or give it fewer cameras"
    )
}
