import Glibc
import Media
import ObserverConfiguration
import ObserverCore
import System

/// A camera that `observer-media` reads.
final class LibrarySource: CameraSource {
    private enum Stage {
        case closed
        /// The camera's name is being looked up.
        case lookingUp(AddressLookUp)
        indirect case starting(MediaProcessStart, LibraryStream)
        case running(MediaProcess, LibraryReader)
        /// The process has closed its socket, and how it ended will be known by then.
        case broken(MediaProcess, LibraryReader, until: MonotonicInstant)
        /// The process takes leave of the camera.
        case leaving(MediaProcess, until: MonotonicInstant)
    }

    /// A process that closed its socket ends by then.
    private static let endLimit = Duration.seconds(1)
    private static let startLimit = Duration.seconds(10)
    /// The most bytes of one turn, so that no stream keeps the loop from the others.
    private static let turnLimit = 2 << 20

    private let stream: LibraryStream
    private let processes: MediaProcesses
    private let resolver: CameraResolver
    private let clock: SharedClock
    private let loop: CameraLoop
    private(set) var history = LibraryHistory()
    private var stage = Stage.closed
    private var memory = PlaylistMemory()
    private var makeSegmenter: ((StreamDescription) -> RunSegmenter)?
    private var isOpen = false
    private var startDeadline = MonotonicInstant.now()
    /// True if the last turn ended before the socket was empty.
    private var hasMore = false
    private var load = ReadingLoad.socketPair
    var isWatched = false
    /// libavformat keeps to itself what it lost.
    let lostPackets = 0

    init(
        _ stream: LibraryStream,
        processes: MediaProcesses,
        resolver: CameraResolver,
        clock: SharedClock,
        loop: CameraLoop
    ) {
        self.stream = stream
        self.clock = clock
        self.processes = processes
        self.resolver = resolver
        self.loop = loop
    }

    deinit {
        process?.leave()
    }

    /// True if the camera is known to need the library.
    var isNeeded: Bool { history.isForeign(at: .now()) }

    /// The end of the time in which the library is kept from the camera.
    var quarantineEnd: MonotonicInstant? { history.quarantineEnd(at: .now()) }

    /// Takes note that the camera cannot be read otherwise.
    func need() {
        history.foundForeign(at: .now())
    }

    /// Takes note that a person wants the camera to be read.
    func lift() {
        history.lift()
    }

    /// The process, for tests.
    var process: MediaProcess? {
        switch stage {
        case .running(let process, _), .broken(let process, _, _), .leaving(let process, _): process
        case .closed, .lookingUp, .starting: nil
        }
    }

    private var reader: LibraryReader? {
        switch stage {
        case .running(_, let reader), .broken(_, let reader, _): reader
        case .closed, .lookingUp, .starting, .leaving: nil
        }
    }

    // MARK: For the loop

    var phase: SourcePhase {
        switch stage {
        case .closed: .closed
        case .lookingUp, .starting: .opening
        case .running, .broken: isOpen ? .open : .opening
        case .leaving: .leaving
        }
    }

    var watch: SourceWatch? {
        guard case .running(let process, _) = stage, !isOpen || isWatched || load.isHeavy else { return nil }
        return SourceWatch(descriptor: process.socket, interest: .readable)
    }

    var due: MonotonicInstant {
        switch stage {
        case .closed: .distantFuture
        case .lookingUp(let lookUp): lookUp.result == nil ? startDeadline : .distantPast
        case .starting(let start, _): !start.hasEnded ? startDeadline : .distantPast
        case .running(_, let reader): hasMore ? .distantPast : MonotonicInstant(nanoseconds: reader.deadline)
        case .broken(_, _, let until), .leaving(_, let until): until
        }
    }

    /// The process notes when each packet came.
    var isCalm: Bool { isOpen && !hasMore && load.isLight }

    var receivedBytes: Int {
        reader?.receivedBytes ?? 0
    }

    func takeWarning() -> String? {
        reader?.takeWarning()
    }

    func open(into segmenter: @escaping (StreamDescription) -> RunSegmenter) {
        makeSegmenter = segmenter
        isOpen = false
        hasMore = false
        load = .socketPair
        startDeadline = .now() + Self.startLimit
        stage = .lookingUp(resolver.addresses(of: stream.address) { [loop] in loop.wake() })
    }

    func turn(at now: MonotonicInstant) throws(MediaError) {
        switch stage {
        case .closed: return
        case .lookingUp(let lookUp):
            guard quarantineEnd == nil else { throw history.refusal }
            switch lookUp.result {
            case .success(let addresses): try start(at: addresses.first)
            case .failure(let error): throw error
            case nil: guard now < startDeadline else { throw MediaError(.dns, "the resolver did not answer") }
            }
        case .starting(let start, let stream):
            guard let result = start.take() else {
                guard now < startDeadline else { throw MediaProcesses.notInTime }
                return
            }
            try run(try result.get(), stream, at: now)
        case .running(let process, let reader):
            try watching(process, reader) { () throws(MediaError) in
                try take(process, reader, at: now)
                try reader.advance(to: now.nanoseconds)
            }
        case .broken(let process, let reader, let until):
            guard process.exit != nil || now >= until else { return }
            try watching(process, reader) { () throws(MediaError) in throw reader.end(process.exit?.words) }
        case .leaving(let process, let until):
            // A camera with one session only must not be asked for another before this one is over.
            if process.exit != nil || now >= until { stage = .closed }
        }
    }

    func close() {
        // The last frames lie in the socket.
        if case .running(let process, let reader) = stage, isOpen { try? take(process, reader, at: .now()) }
        if let reader { memory = reader.memory }
        isOpen = false
        hasMore = false
        guard let process else { return stage = .closed }
        process.leave()
        stage = .leaving(process, until: .now() + Self.endLimit)
    }

    // MARK: Steps

    private func start(at address: SocketAddress?) throws(MediaError) {
        var stream = stream
        stream.address = resolver.numbered(stream.address, address)
        stream.networks = resolver.allowedNetworks
        stage = .starting(processes.request { [loop] in loop.wake() }, stream)
    }

    private func run(_ process: MediaProcess, _ stream: LibraryStream, at now: MonotonicInstant) throws(MediaError) {
        let reader = LibraryReader(stream, memory: memory, now: now.nanoseconds)
        stage = .running(process, reader)
        let request = reader.request
        // A fresh socket has room for it.
        guard send(process.socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return breakOff(process, reader)
        }
    }

    /// Takes note of a process that broke down over the camera.
    private func watching(
        _ process: MediaProcess,
        _ reader: LibraryReader,
        during body: () throws(MediaError) -> Void
    ) throws(MediaError) {
        do throws(MediaError) {
            try body()
        } catch {
            guard reader.hasBrokenDown else { throw error }
            process.kill()
            history.breakDown(error, at: .now())
            throw quarantineEnd == nil ? error : history.refusal
        }
    }

    private func take(_ process: MediaProcess, _ reader: LibraryReader, at now: MonotonicInstant) throws(MediaError) {
        let wallClock = clock.time(at: now).microseconds
        var taken = 0
        defer { load.take(taken) }
        hasMore = true
        while hasMore, taken < Self.turnLimit {
            let count = recv(process.socket, loop.scratch.baseAddress, loop.scratch.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR {
                hasMore = false
                return
            }
            guard count > 0 else {
                hasMore = false
                return breakOff(process, reader)
            }
            taken += count
            let bytes = UnsafeRawBufferPointer(rebasing: loop.scratch[..<count])
            try reader.receive(bytes, now: now.nanoseconds, wallClock: wallClock)
            guard !isOpen, let streams = reader.streams, let makeSegmenter else { continue }
            isOpen = true
            try reader.record(into: makeSegmenter(streams), now: now.nanoseconds, wallClock: wallClock)
        }
    }

    /// Waits for the end of a process that has closed its socket: it can be reaped soon after.
    private func breakOff(_ process: MediaProcess, _ reader: LibraryReader) {
        stage = .broken(process, reader, until: .now() + Self.endLimit)
    }
}
