import Crypto
import Errors
import Glibc
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import RTSP
import System

/// The connection to a camera that is read without a library: RTSP with media on the same connection, or over UDP.
///
/// It reads ten times a second what has gathered in the socket, so that one wake-up serves many packets. Belongs to the
/// camera's thread; every call ends soon after `stop`.
final class CameraConnection: CameraSource {
    /// The address and how to read it.
    struct Options {
        var url: RTSPURL
        var credentials: RTSPCredentials?
        var transport: RTSPTransport
        var wantsAudio: Bool
    }

    private static let connectLimit = Duration.seconds(4)
    private static let readInterval = Duration.milliseconds(100)
    /// A camera that does not take leave within this time is left.
    private static let leaveLimit = Duration.seconds(1)
    private static let bufferSize = 256 << 10
    /// The most bytes of one turn, so that no stream keeps the thread from looking at the clock.
    private static let turnLimit = 8 << 20

    private let options: Options
    private let resolver: CameraResolver
    private let stop: StopSignal
    private let logger: Logger
    private var reader: CameraReader?
    private var socket: Int32 = -1
    private var output: [UInt8] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 16)
    private var unread = 0
    private var ports: DatagramPorts?
    private var tracks: [RTSPTrack] = []
    /// The addresses from which media is taken, in network order.
    private var senders: [[UInt8]] = []
    /// Bytes that came from the camera.
    private(set) var receivedBytes = 0

    init(_ options: Options, resolver: CameraResolver, stop: StopSignal, logger: Logger) {
        self.options = options
        self.resolver = resolver
        self.stop = stop
        self.logger = logger
    }

    deinit {
        if socket >= 0 { Glibc.close(socket) }
        buffer.deallocate()
    }

    /// The method of keep-alive requests to try with the next connection; nil for the usual one.
    private var keepAliveSuggestion: RTSPMethod?

    /// Packets that were lost on the way.
    var lostPackets: Int { reader?.lostPackets ?? 0 }

    // MARK: Opening

    /// Connects and sets the stream up.
    ///
    /// - Parameter segmenter: Creates what takes the frames of a stream.
    /// - Throws: `MediaError`; of kind `foreign` where this reader cannot read the stream.
    func open(into segmenter: (StreamDescription) -> RunSegmenter) throws(MediaError) {
        var configuration = RTSPConfiguration(url: options.url, credentials: options.credentials) { algorithm, bytes in
            algorithm == .sha256 ? SHA256.hash(bytes) : MD5.hash(bytes) ?? []
        }
        configuration.transport = options.transport
        configuration.keepAliveMethod = keepAliveSuggestion
        while true {
            guard let next = try open(configuration, into: segmenter) else { return }
            configuration = next
        }
    }

    /// Opens one connection; returns the configuration of another one that the camera asks for.
    private func open(
        _ configuration: RTSPConfiguration,
        into segmenter: (StreamDescription) -> RunSegmenter
    ) throws(MediaError) -> RTSPConfiguration? {
        abandon()
        receivedBytes = 0
        try connect(to: configuration.url)
        let reader = CameraReader(configuration, wantsAudio: options.wantsAudio)
        self.reader = reader
        try reader.begin(now: Self.now)
        var isOpen = false
        while !isOpen || reader.isOpening {
            for event in reader.takeEvents() {
                switch event {
                case .opened(let description):
                    reader.record(into: segmenter(description))
                    isOpen = true
                case .reconnect(let next): return next
                case .foreign(let detail): throw MediaError(.foreign, detail)
                case .needsPorts(let count): try bindPorts(count, reader)
                case .tracks(let tracks): use(tracks)
                case .note(let note): self.note(note)
                case .report(let report, let track): send(report, track: track)
                case .ended: break
                }
            }
            try exchange(reader, until: min(reader.deadline, Self.now + Self.readInterval.wholeNanoseconds))
        }
        return nil
    }

    /// Connects to the first address that answers.
    private func connect(to url: RTSPURL) throws(MediaError) {
        var last = MediaError(.unreachable, "nothing answers at the camera's address")
        for address in try resolver.addresses(of: url.text) {
            do throws(SystemError) {
                socket = try connect(to: address)
                return
            } catch {
                last = MediaError(connecting: error)
            }
            if stop.isStopped { throw MediaError(.stopped, "the end was asked for") }
        }
        throw last
    }

    /// Connects in turns of a tenth of a second, so that a stop is not kept waiting.
    private func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        let socket = try StreamSocket(connectingTo: address)
        let deadline = MonotonicInstant.now() + Self.connectLimit
        while true {
            do throws(SystemError) {
                try socket.finishConnecting(until: min(deadline, .now() + Self.readInterval))
                return socket.release()
            } catch {
                guard error.kind == .timedOut, error.code == ETIMEDOUT, !deadline.hasPassed, !stop.isStopped else {
                    throw error
                }
            }
        }
    }

    // MARK: Reading

    /// Reads what comes within a tenth of a second.
    ///
    /// - Throws: The reason why the stream ended.
    func read() throws(MediaError) {
        guard let reader else { throw MediaError(.stalled, "the stream is not open") }
        stop.wait(for: Self.readInterval)
        if stop.isStopped { throw MediaError(.stopped, "the end was asked for") }
        try turn(reader)
        for event in reader.takeEvents() {
            switch event {
            case .note(let note): self.note(note)
            case .report(let report, let track): send(report, track: track)
            case .reconnect: throw MediaError(.unreachable, "the camera closed the connection")
            case .opened, .needsPorts, .tracks, .foreign, .ended: break
            }
        }
    }

    // MARK: UDP

    private func bindPorts(_ count: Int, _ reader: CameraReader) throws(MediaError) {
        guard let local = SocketAddress.local(of: socket), let peer = SocketAddress.peer(of: socket) else {
            throw MediaError(.unreachable, "the connection to the camera broke")
        }
        do {
            let ports = try DatagramPorts(count: count, at: local)
            self.ports = ports
            senders = [peer.bytes]
            try reader.usePorts(ports.ports, now: Self.now)
        } catch let error as MediaError {
            throw error
        } catch {
            throw MediaError(.file, "no UDP port is free for the camera's media")
        }
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
    private func send(_ report: [UInt8], track: Int) {
        guard tracks.indices.contains(track), case .unicast(_, let server?, _) = tracks[track].path,
            let peer = SocketAddress.peer(of: socket),
            let address = SocketAddress(bytes: peer.bytes, port: Int(server.rtcp)),
            (try? resolver.mayConnect(address.bytes, port: address.port)) != nil
        else { return }
        ports?.send(report: report, track: track, to: address)
    }

    /// Waits until the camera sends something, or until a moment, and takes it.
    private func exchange(_ reader: CameraReader, until deadline: Int64) throws(MediaError) {
        try send(reader)
        var poller = pollfd(fd: socket, events: Int16(POLLIN | (output.isEmpty ? 0 : POLLOUT)), revents: 0)
        poll(&poller, 1, MonotonicInstant(nanoseconds: deadline).pollMilliseconds)
        if stop.isStopped { throw MediaError(.stopped, "the end was asked for") }
        try turn(reader)
    }

    /// Receives all that is there, does what is due, and sends the output.
    private func turn(_ reader: CameraReader) throws(MediaError) {
        var taken = 0
        while taken < Self.turnLimit, let count = try receive(reader) {
            taken += count
            // A short read has emptied the socket.
            if unread + count < Self.bufferSize / 2 { break }
        }
        try ports?.receive(from: senders) { (track, isReport, bytes) throws(MediaError) in
            receivedBytes += bytes.count
            try reader.receive(
                datagram: bytes,
                track: track,
                kind: isReport ? .rtcp : .rtp,
                now: Self.now,
                wallClock: Self.wallClock
            )
        }
        let now = Self.now
        if now >= reader.deadline { try reader.advance(to: now, wallClock: Self.wallClock) }
        try send(reader)
    }

    /// Receives once; returns nil if nothing is there.
    private func receive(_ reader: CameraReader) throws(MediaError) -> Int? {
        guard let base = buffer.baseAddress else { return nil }
        let count = recv(socket, base + unread, buffer.count - unread, Int32(MSG_DONTWAIT))
        if count < 0 {
            let code = errno
            guard code != EAGAIN, code != EINTR else { return nil }
            try reader.disconnect(now: Self.now)
            throw MediaError(.unreachable, "the connection to the camera broke", code: code)
        }
        guard count > 0 else {
            try reader.disconnect(now: Self.now)
            return nil
        }
        receivedBytes += count
        let whole = UnsafeRawBufferPointer(start: base, count: unread + count)
        let done = try reader.receive(whole, now: Self.now, wallClock: Self.wallClock)
        unread = whole.count - done
        if unread > 0, done > 0 { memmove(base, base + done, unread) }
        return count
    }

    private func send(_ reader: CameraReader) throws(MediaError) {
        if reader.hasOutput { output += reader.takeOutput() }
        guard !output.isEmpty else { return }
        let sent = Glibc.send(socket, output, output.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        if sent > 0 { output.removeFirst(sent) }
        guard sent >= 0 || errno == EAGAIN || errno == EINTR else {
            throw MediaError(.unreachable, "the connection to the camera broke", code: errno)
        }
    }

    // MARK: The end

    /// Takes leave of the camera, which frees its session, and closes the connection.
    func close() {
        defer { abandon() }
        guard let reader, socket >= 0 else { return }
        // The last frames lie in the socket.
        guard (try? turn(reader)) != nil else { return }
        let deadline = Self.now + Self.leaveLimit.wholeNanoseconds
        reader.end(now: Self.now)
        while Self.now < deadline, !reader.takeEvents().contains(where: { if case .ended = $0 { true } else { false } })
        {
            do throws(MediaError) {
                try send(reader)
                var poller = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                poll(&poller, 1, MonotonicInstant(nanoseconds: deadline).pollMilliseconds)
                guard try receive(reader) != nil else { return }
            } catch {
                return
            }
        }
    }

    /// Closes the connection without a word.
    private func abandon() {
        keepAliveSuggestion = reader?.keepAliveSuggestion ?? keepAliveSuggestion
        reader = nil
        if socket >= 0 { Glibc.close(socket) }
        socket = -1
        unread = 0
        output = []
        ports = nil
        tracks = []
        senders = []
    }

    func takeWarning() -> String? {
        guard let statistics = reader?.statistics, statistics.skippedBytes > 0 else { return nil }
        return "\(statistics.skippedBytes) bytes were neither RTP nor RTSP"
    }

    private func note(_ note: RTSPNote) {
        logger.info("Camera deviates from protocol", [.note: .string(note.rawValue)])
    }

    private static var now: Int64 { MonotonicInstant.now().nanoseconds }
    private static var wallClock: Int64 { Timestamp.now().microseconds }
}
