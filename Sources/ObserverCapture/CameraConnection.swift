import Crypto
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import RTSP
import System

/// The connection to a camera that is read without a library: RTSP with media on the same connection, or over UDP.
///
/// While the stream is open, ten times a second all is read that has gathered in the sockets, so that one wake-up of the
/// loop serves many packets and many cameras.
final class CameraConnection: CameraSource {
    /// The address and how to read it.
    struct Options {
        var url: RTSPURL
        var credentials: RTSPCredentials?
        var transport: RTSPTransport
        var wantsAudio: Bool
    }

    private enum Stage {
        case closed
        /// The port is being reached. Apart, so that the stage of a stream that flows is small.
        indirect case reaching(PortConnector, RTSPConfiguration)
        /// The session is being set up, or media flows.
        case connected(CameraReader, CameraSocket)
        /// The camera was told that this is the end, and has until then to say the same.
        case leaving(CameraReader, CameraSocket, until: MonotonicInstant)
    }

    /// A camera that does not take leave within this time is left: the switch acts within a second, whatever is sent.
    private static let leaveLimit = Duration.milliseconds(500)
    /// The most bytes of one turn, so that no stream keeps the loop from the others.
    private static let turnLimit = 2 << 20

    private let options: Options
    private let resolver: CameraResolver
    private let processes: MediaProcesses
    private let clock: SharedClock
    private let loop: CameraLoop
    private let logger: Logger
    private var stage = Stage.closed
    private var segmenter: ((StreamDescription) -> RunSegmenter)?
    private var isOpen = false
    /// Encodes audio that a file cannot hold.
    private(set) var encoding: AudioEncoding?
    private var ports: DatagramPorts?
    private var tracks: [RTSPTrack] = []
    /// The addresses from which media is taken, in network order.
    private var senders: [[UInt8]] = []
    /// True if the last turn ended before the socket was empty.
    private var hasMore = false
    private var load = ReadingLoad.connection
    /// The method of keep-alive requests to try with the next connection; nil for the usual one.
    private var keepAliveSuggestion: RTSPMethod?
    var isWatched = false
    private(set) var receivedBytes = 0

    init(
        _ options: Options,
        resolver: CameraResolver,
        processes: MediaProcesses,
        clock: SharedClock,
        loop: CameraLoop,
        logger: Logger
    ) {
        self.options = options
        self.resolver = resolver
        self.processes = processes
        self.clock = clock
        self.loop = loop
        self.logger = logger
    }

    // MARK: For the loop

    var phase: SourcePhase {
        switch stage {
        case .closed: .closed
        case .reaching: .opening
        case .connected(let reader, _): isOpen && !reader.isOpening ? .open : .opening
        case .leaving: .leaving
        }
    }

    var watch: SourceWatch? {
        switch stage {
        case .closed: nil
        case .reaching(let connector, _):
            connector.descriptor.map { SourceWatch(descriptor: $0, interest: .writable) }
        case .connected(_, let socket), .leaving(_, let socket, _):
            // What comes while media flows is read ten times a second, unless somebody waits for it.
            phase == .open
                ? isWatched ? SourceWatch(descriptor: mediaSocket(socket), interest: .readable) : nil
                : SourceWatch(
                    descriptor: socket.descriptor,
                    interest: socket.hasOutput ? [.readable, .writable] : .readable
                )
        }
    }

    /// The descriptor on which frames come; over UDP that of the first track, which is video.
    private func mediaSocket(_ socket: CameraSocket) -> Int32 {
        ports?.mediaDescriptor ?? socket.descriptor
    }

    var due: MonotonicInstant {
        switch stage {
        case .closed: .distantFuture
        case .reaching(let connector, _): connector.due
        case .connected(let reader, _): hasMore ? .distantPast : MonotonicInstant(nanoseconds: reader.deadline)
        case .leaving(_, _, let until): until
        }
    }

    var isCalm: Bool {
        // The kernel keeps few datagrams, and audio that is encoded comes back from another process.
        guard isOpen, ports == nil, encoding == nil, load.isLight, case .connected(let reader, _) = stage else {
            return false
        }
        return reader.isCalm
    }

    var lostPackets: Int {
        if case .connected(let reader, _) = stage { reader.lostPackets } else { 0 }
    }

    func takeWarning() -> String? {
        guard case .connected(let reader, _) = stage, reader.statistics.skippedBytes > 0 else { return nil }
        return "\(reader.statistics.skippedBytes) bytes were neither RTP nor RTSP"
    }

    func open(into segmenter: @escaping (StreamDescription) -> RunSegmenter) {
        self.segmenter = segmenter
        var configuration = RTSPConfiguration(url: options.url, credentials: options.credentials) { algorithm, bytes in
            algorithm == .sha256 ? SHA256.hash(bytes) : MD5.hash(bytes) ?? []
        }
        configuration.transport = options.transport
        configuration.keepAliveMethod = keepAliveSuggestion
        reach(configuration)
    }

    func turn(at now: MonotonicInstant) throws(MediaError) {
        switch stage {
        case .closed: return
        case .reaching(let connector, let configuration):
            guard let socket = try connector.turn(at: now) else { return }
            let reader = CameraReader(configuration, wantsAudio: options.wantsAudio)
            let link = CameraSocket(socket)
            stage = .connected(reader, link)
            try reader.begin(now: now.nanoseconds)
            try follow(reader, link, at: now)
        case .connected(let reader, let socket):
            try exchange(reader, socket, at: now)
        case .leaving(let reader, let socket, let until):
            try? exchange(reader, socket, at: now)
            if case .leaving = stage, now >= until { abandon() }
        }
    }

    func close() {
        guard case .connected(let reader, let socket) = stage else { return abandon() }
        let now = MonotonicInstant.now()
        // The last frames lie in the socket.
        guard (try? exchange(reader, socket, at: now)) != nil, case .connected = stage else { return abandon() }
        reader.end(now: now.nanoseconds)
        stage = .leaving(reader, socket, until: now + Self.leaveLimit)
        guard (try? follow(reader, socket, at: now)) != nil else { return abandon() }
    }

    // MARK: Steps

    private func reach(_ configuration: RTSPConfiguration) {
        abandon()
        receivedBytes = 0
        let lookUp = resolver.addresses(of: configuration.url.text) { [loop] in loop.wake() }
        stage = .reaching(PortConnector(lookUp), configuration)
    }

    /// Closes the connection without a word.
    private func abandon() {
        if case .connected(let reader, _) = stage {
            keepAliveSuggestion = reader.keepAliveSuggestion ?? keepAliveSuggestion
        }
        stage = .closed
        isOpen = false
        encoding = nil
        hasMore = false
        load = .connection
        ports = nil
        tracks = []
        senders = []
    }

    /// Takes what has come, does what is due, and sends what is to be sent.
    private func exchange(
        _ reader: CameraReader,
        _ socket: CameraSocket,
        at now: MonotonicInstant
    ) throws(MediaError) {
        let wallClock = clock.time(at: now).microseconds
        try receive(reader, socket, at: now, wallClock: wallClock)
        try ports?.receive(from: senders, using: loop.scratch) { (track, isReport, bytes) throws(MediaError) in
            receivedBytes += bytes.count
            try reader.receive(
                datagram: bytes,
                track: track,
                kind: isReport ? .rtcp : .rtp,
                now: now.nanoseconds,
                wallClock: wallClock
            )
        }
        if now.nanoseconds >= reader.deadline { try reader.advance(to: now.nanoseconds, wallClock: wallClock) }
        encoding?.exchange(now: now)
        try follow(reader, socket, at: now)
    }

    /// Receives until the socket is empty, or the turn has taken its share.
    private func receive(
        _ reader: CameraReader,
        _ socket: CameraSocket,
        at now: MonotonicInstant,
        wallClock: Int64
    ) throws(MediaError) {
        var taken = 0
        defer { load.take(taken) }
        hasMore = true
        while hasMore, taken < Self.turnLimit {
            let received: CameraSocket.Received
            let carried = socket.carriedBytes
            do throws(MediaError) {
                received = try socket.receive(using: loop.scratch) { (bytes) throws(MediaError) in
                    receivedBytes += bytes.count - carried
                    return try reader.receive(bytes, now: now.nanoseconds, wallClock: wallClock)
                }
            } catch {
                if error.kind == .unreachable { try reader.disconnect(now: now.nanoseconds) }
                throw error
            }
            switch received {
            case .nothing: hasMore = false
            case .bytes(let count):
                taken += count
                // Fewer than there is room for have emptied the socket.
                if count < loop.scratch.count / 2 { hasMore = false }
            case .end:
                hasMore = false
                try reader.disconnect(now: now.nanoseconds)
            }
        }
    }

    /// Does what the reader asks for, and sends its output.
    private func follow(
        _ reader: CameraReader,
        _ socket: CameraSocket,
        at now: MonotonicInstant
    ) throws(MediaError) {
        while reader.hasEvents {
            for event in reader.takeEvents() {
                switch event {
                case .opened(let description): record(description, of: reader, at: now)
                case .reconnect(let next):
                    // A camera may send a viewer elsewhere before it plays; later that is the end of the stream.
                    guard !isOpen || reader.isOpening else {
                        throw MediaError(.unreachable, "the camera closed the connection")
                    }
                    return reach(next)
                case .foreign(let detail): throw MediaError(.foreign, detail)
                case .needsPorts(let count): try bindPorts(count, reader, socket, at: now)
                case .tracks(let tracks): use(tracks)
                case .note(let note):
                    logger.info("Camera deviates from protocol", [.note: .string(note.rawValue)])
                case .report(let report, let track): send(report, track: track, of: socket)
                case .ended:
                    if case .leaving = stage { return abandon() }
                }
            }
        }
        try socket.send(reader.hasOutput ? reader.takeOutput() : [])
    }

    /// Begins a recording of the stream that the camera described.
    private func record(_ description: StreamDescription, of reader: CameraReader, at now: MonotonicInstant) {
        isOpen = true
        guard let made = segmenter?(description) else { return }
        reader.record(into: made)
        guard let samples = reader.samples else { return }
        let encoding = AudioEncoding(samples, into: made, processes: processes)
        self.encoding = encoding
        encoding.exchange(now: now)
        reader.encode = { encoding.take($0, timestamp: $1, arrival: $2) }
    }

    // MARK: UDP

    private func bindPorts(
        _ count: Int,
        _ reader: CameraReader,
        _ socket: CameraSocket,
        at now: MonotonicInstant
    ) throws(MediaError) {
        guard let local = SocketAddress.local(of: socket.descriptor),
            let peer = SocketAddress.peer(of: socket.descriptor)
        else {
            throw MediaError(.unreachable, "the connection to the camera broke")
        }
        do throws(SystemError) {
            let ports = try DatagramPorts(count: count, at: local)
            self.ports = ports
            senders = [peer.bytes]
        } catch {
            throw MediaError(error, as: .file, "no UDP port is free for the camera's media")
        }
        try reader.usePorts(ports?.ports ?? [], now: now.nanoseconds)
    }

    /// Takes note of where media comes from: some cameras send from another address than they answer from.
    private func use(_ tracks: [RTSPTrack]) {
        self.tracks = tracks
        for track in tracks {
            guard case .unicast(_, let server, let source?) = track.path,
                let address = SocketAddress(numeric: source, port: Int(server?.rtp ?? 0)),
                !senders.contains(address.bytes),
                (try? resolver.mayConnect(address.bytes, port: address.port)) != nil
            else { continue }
            senders.append(address.bytes)
        }
    }

    /// Sends a receiver report where the camera has named its port and policy lets it be reached.
    private func send(_ report: [UInt8], track: Int, of socket: CameraSocket) {
        guard tracks.indices.contains(track), case .unicast(_, let server?, _) = tracks[track].path,
            let peer = SocketAddress.peer(of: socket.descriptor),
            let address = SocketAddress(bytes: peer.bytes, port: Int(server.rtcp)),
            (try? resolver.mayConnect(address.bytes, port: address.port)) != nil
        else { return }
        ports?.send(report: report, track: track, to: address)
    }
}
