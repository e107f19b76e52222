import Glibc
import Lifecycle
import Logging
import Media
import System

/// Starts `observer-media` and looks after what runs of it, on a thread of its own.
///
/// The kernel ends these processes when the thread that started them ends (PR_SET_PDEATHSIG): a thread of a camera would not do.
final class MediaProcesses: Service {
    /// For a thread that stands still; a start takes a millisecond.
    private static let startLimit = Duration.seconds(5)
    /// At the end processes have this long to take leave of their cameras.
    private static let leaveLimit = Duration.milliseconds(300)

    let name = "media-processes"
    private let path: String
    private let starts = BlockingQueue<MediaProcessStart>(limit: 1000)
    private let poll: EventPoll
    private let logger: Logger

    /// Creates the service.
    ///
    /// - Parameters:
    ///   - path: The program; beside this one by default.
    ///   - logger: Logs processes that broke down.
    /// - Throws: ``SystemError``.
    init(_ path: String? = nil, logger: Logger) throws(SystemError) {
        self.path = path ?? Self.standardPath
        self.logger = logger
        poll = try EventPoll()
    }

    /// The program in the folder of this one.
    static var standardPath: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + "observer-media"
    }

    static let notInTime = MediaError(.file, "the program that reads this camera was not started in time")

    /// Asks for a process; `ring` is called on another thread when it runs, or cannot.
    func request(ring: @escaping @Sendable () -> Void = {}) -> MediaProcessStart {
        let start = MediaProcessStart(ring: ring)
        if starts.push(start) {
            poll.wake()
        } else {
            start.finish(.failure(MediaError(.stopped, "the end was asked for")))
        }
        return start
    }

    /// Starts a process and waits until it runs; only for threads that may block.
    ///
    /// - Throws: `file` where that is not possible, `stopped` at the end of the service.
    func start() throws(MediaError) -> MediaProcess {
        guard let result = request().take(until: .now() + Self.startLimit) else { throw Self.notInTime }
        return try result.get()
    }

    func run(until stop: StopSignal) {
        stop.onStop { [starts, poll] in
            starts.close()
            poll.wake()
        }
        var processes: [MediaProcess] = []
        var isMissing = false
        while !stop.isStopped {
            while let start = starts.pop(within: .zero) {
                if let process = begin(start, &isMissing) { processes.append(process) }
            }
            attend(&processes, until: .distantFuture)
        }
        while let start = starts.pop(within: .zero) {
            start.finish(.failure(MediaError(.stopped, "the end was asked for")))
        }
        for process in processes { process.leave() }
        let deadline = MonotonicInstant.now() + Self.leaveLimit
        while !processes.isEmpty, !deadline.hasPassed {
            attend(&processes, until: deadline)
        }
    }

    private func begin(_ start: MediaProcessStart, _ isMissing: inout Bool) -> MediaProcess? {
        do throws(SystemError) {
            let process = try MediaProcess(path) { [poll] in poll.wake() }
            try poll.set(process.descriptor, interest: .readable, token: UInt64(UInt32(bitPattern: process.descriptor)))
            start.finish(.success(process))
            isMissing = false
            return process
        } catch {
            if !isMissing { logger.error("Media program not started", [.error: LogValue(error)]) }
            isMissing = true
            let detail = "the program that reads this camera cannot be started: \(error.detail)"
            start.finish(.failure(MediaError(error, as: .file, detail)))
            return nil
        }
    }

    /// Forgets the processes that have ended, then waits until something is to be done.
    private func attend(_ processes: inout [MediaProcess], until deadline: MonotonicInstant) {
        processes.removeAll { process in
            guard process.attend() else { return false }
            poll.remove(process.descriptor)
            return true
        }
        let due = processes.compactMap(\.killDue).min() ?? .distantFuture
        poll.wait(until: min(due, deadline)) { _ in }
    }
}
