import FastCGIWire
import Glibc
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import Spool
import System

/// Serves live pictures to nginx: one thread for all viewers, none of whom it waits for.
///
/// It does what ``LiveHub`` decides. Recordings never wait for it either: their loops leave events in its inbox.
final class LiveServer: Service {
    let name = "live"
    /// All that the loops of cameras need of it.
    let channels: LiveChannels
    private let inbox: LiveInbox
    private let poll: EventPoll
    private let place: LiveListen?
    private let recorder: String
    private let key: LiveTicket.Key
    private let spool: Spool
    private let clock: SharedClock
    private let logger: Logger

    /// Creates the server.
    ///
    /// - Throws: `SystemError` where no descriptor is free.
    init(_ configuration: CaptureConfiguration, spool: Spool, clock: SharedClock, logger: Logger) throws(SystemError) {
        let poll = try EventPoll()
        self.poll = poll
        inbox = LiveInbox { poll.wake() }
        channels = LiveChannels(inbox)
        place = configuration.live
        recorder = configuration.recorder
        key = LiveTicket.Key(configuration.sealingKey)
        self.spool = spool
        self.clock = clock
        self.logger = logger
    }

    func run(until stop: StopSignal) {
        guard let place else { return stop.wait() }
        stop.onStop { [poll] in poll.wake() }
        var isLogged = false
        while !stop.isStopped {
            do throws(SystemError) {
                let listener = try LiveListener(place, recorder: recorder)
                logger.info("Listening for live viewers", [.socketPath: .string(place.text(of: recorder))])
                let shell = LiveShell(
                    listener,
                    poll: poll,
                    inbox: inbox,
                    channels: channels,
                    spool: spool,
                    read: { [key, clock] in LiveRequest.read($0, at: clock.now(), key: key) },
                    time: { [clock] in clock.now() }
                )
                try shell.serve(until: stop)
            } catch {
                // Recordings go on without viewers.
                if !isLogged { logger.error("Live pictures not served; will retry", [.error: LogValue(error)]) }
                isLogged = true
                stop.wait(for: .seconds(2))
            }
        }
    }
}

/// The connections of a live server, on its thread.
final class LiveShell {
    private final class Connection {
        let descriptor: Int32
        var reader = FastCGIRequestReader()
        var isAsked = false
        var interest = EventPoll.Interest.readable
        let begun = MonotonicInstant.now()

        init(_ descriptor: Int32) {
            self.descriptor = descriptor
        }

        deinit {
            Glibc.close(descriptor)
        }
    }

    /// A viewer whose beginning is not written yet.
    private struct Wait {
        var place: LivePlace
        var until: MonotonicInstant
    }

    private static let listenerToken = LiveToken(0)
    /// More connections are not accepted.
    private static let limit = 2000
    /// The time that a request may take to come.
    private static let requestLimit = Duration.seconds(5)
    /// The time that the writers may take for what a viewer needs.
    private static let writeLimit = Duration.seconds(2)
    private static let checkInterval = Duration.seconds(1)
    private static let piecesAtOnce = 64

    private let listener: LiveListener
    private let poll: EventPoll
    private let inbox: LiveInbox
    private let channels: LiveChannels
    private let spool: Spool
    private let read: (FastCGIRequestReader) -> Result<LiveRequest, LiveRequest.Refusal>
    private let time: () -> Timestamp
    private var hub = LiveHub()
    private var connections: [LiveToken: Connection] = [:]
    private var waits: [LiveToken: Wait] = [:]
    private var queues: [LiveToken: WriteQueue] = [:]
    private var next: LiveToken = 1
    private var input = [UInt8](repeating: 0, count: 16 << 10)
    private var unsent: Set<LiveToken> = []
    /// True while no connection is accepted.
    private var isDeaf = false

    init(
        _ listener: consuming LiveListener,
        poll: EventPoll,
        inbox: LiveInbox,
        channels: LiveChannels,
        spool: Spool,
        read: @escaping (FastCGIRequestReader) -> Result<LiveRequest, LiveRequest.Refusal>,
        time: @escaping () -> Timestamp
    ) {
        self.listener = listener
        self.poll = poll
        self.inbox = inbox
        self.channels = channels
        self.spool = spool
        self.read = read
        self.time = time
    }

    /// Serves until stopped.
    func serve(until stop: StopSignal) throws(SystemError) {
        try poll.set(listener.descriptor, interest: .readable, token: Self.listenerToken)
        defer { poll.remove(listener.descriptor) }
        var checkDue = MonotonicInstant.now()
        while !stop.isStopped {
            var ready: [LiveToken] = []
            let isIdle = connections.isEmpty && hub.isIdle && waits.isEmpty && !isDeaf
            poll.wait(until: isIdle ? .distantFuture : checkDue) { ready.append($0) }
            let now = MonotonicInstant.now()
            for token in ready { token == Self.listenerToken ? accept() : serve(token, at: now) }
            for event in inbox.takeAll() { perform(handle(event, at: now), at: now) }
            if now >= checkDue {
                checkDue = now + Self.checkInterval
                check(at: now)
            }
            flush(at: now)
        }
    }

    private func check(at now: MonotonicInstant) {
        if isDeaf {
            isDeaf = (try? poll.set(listener.descriptor, interest: .readable, token: Self.listenerToken)) == nil
        }
        perform(hub.check(at: now), at: now)
        for (token, connection) in connections where !connection.isAsked && now - connection.begun > Self.requestLimit {
            close(token)
        }
        for (token, wait) in waits where wait.until < now {
            waits[token] = nil
            perform(hub.read(token, nil, at: now), at: now)
        }
    }

    // MARK: Requests

    private func accept() {
        while true {
            switch listener.accept() {
            case .nothing: return
            case .refused:
                // It would be ready for as long as that lasts.
                poll.remove(listener.descriptor)
                isDeaf = true
                return
            case .connection(let descriptor):
                let connection = Connection(descriptor)
                let token = next
                next += 1
                guard connections.count < Self.limit,
                    (try? poll.set(descriptor, interest: .readable, token: token)) != nil
                else { continue }
                connections[token] = connection
            }
        }
    }

    private func serve(_ token: LiveToken, at now: MonotonicInstant) {
        guard let connection = connections[token] else { return }
        if connection.interest.contains(.writable) { unsent.insert(token) }
        let count = recv(connection.descriptor, &input, input.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        // nginx closes when the viewer has gone.
        guard count > 0 else { return close(token) }
        do throws(FastCGIWireError) {
            try input.withUnsafeBufferPointer { bytes throws(FastCGIWireError) in
                let bytes = UnsafeBufferPointer(rebasing: bytes[..<count])
                try connection.reader.take(UnsafeRawBufferPointer(bytes))
            }
        } catch {
            return close(token)
        }
        guard !connection.reader.isAborted else { return close(token) }
        guard connection.reader.isComplete, !connection.isAsked else { return }
        connection.isAsked = true
        switch read(connection.reader) {
        case .success(let request): perform(hub.ask(token, request, at: now, time: time()), at: now)
        case .failure(let refusal): perform(hub.answer(token, refusal.answer, at: now), at: now)
        }
    }

    private func close(_ token: LiveToken) {
        guard let connection = connections.removeValue(forKey: token) else { return }
        poll.remove(connection.descriptor)
        waits[token] = nil
        queues[token] = nil
        perform(hub.closed(token), at: .now())
    }

    // MARK: What the hub decides

    private func handle(_ event: LiveEvent, at now: MonotonicInstant) -> [LiveHub.Action] {
        switch event {
        case .joined(let token, let join, let queue):
            queues[token] = queue
            return hub.joined(token, join, at: now)
        case .absent(let camera): return hub.absent(camera, at: now)
        case .part(let camera, let part): return hub.take(part, of: camera, at: now)
        case .fragment(let camera, let fragment): return hub.take(fragment, of: camera, at: now)
        case .ended(let camera, let reason): return hub.ended(camera, reason, at: now)
        case .written(let token):
            guard let wait = waits[token] else { return [] }
            return load(token, wait, at: now)
        case .overflowed:
            hub.overflowed(at: now)
            return []
        }
    }

    private func perform(_ actions: [LiveHub.Action], at now: MonotonicInstant) {
        for action in actions {
            switch action {
            case .join(let camera, let token):
                if channels.known(camera)?.join(token) != true { perform(hub.refused(token, at: now), at: now) }
            case .watch(let camera, let watch): channels.known(camera)?.set(watch)
            case .read(let token, let place):
                perform(load(token, Wait(place: place, until: now + Self.writeLimit), at: now), at: now)
            case .send(let token): unsent.insert(token)
            case .close(let token): close(token)
            }
        }
    }

    /// Reads the beginning of a stream from the spool, or waits until it is written.
    private func load(_ token: LiveToken, _ wait: Wait, at now: MonotonicInstant) -> [LiveHub.Action] {
        waits[token] = wait
        // Asked before the look, so that nothing is written unnoticed in between.
        queues[token]?.whenWritten { [inbox] in inbox.tell(.written(token)) }
        // A disk that gives nothing back is no reason to wait for it.
        let bytes: [UInt8]?
        do throws(SpoolError) {
            bytes = try spool.bytes(of: wait.place.segment, in: wait.place.range)
        } catch {
            waits[token] = nil
            return hub.read(token, nil, at: now)
        }
        guard let bytes else { return [] }
        waits[token] = nil
        return hub.read(token, bytes, at: now)
    }

    // MARK: Sending

    private func flush(at now: MonotonicInstant) {
        // To close one may give others something to send.
        while let token = unsent.popFirst() {
            guard let connection = connections[token] else { continue }
            switch send(token, connection, at: now) {
            case .all: want(.readable, of: connection, token)
            case .some: want([.readable, .writable], of: connection, token)
            case .end: close(token)
            }
        }
    }

    private enum Sent {
        case all, some, end
    }

    private func send(_ token: LiveToken, _ connection: Connection, at now: MonotonicInstant) -> Sent {
        while let (pieces, offset) = hub.output(of: token, most: Self.piecesAtOnce), !pieces.isEmpty {
            let wanted = pieces.reduce(-offset) { $0 + $1.framed.count }
            let count = Self.write(pieces, from: offset, to: connection.descriptor)
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN ? .some : .end
            }
            if hub.sent(token, count, at: now) { return .end }
            if count < wanted { return .some }
        }
        return .all
    }

    private static func write(_ pieces: ArraySlice<LiveBytes>, from offset: Int, to descriptor: Int32) -> Int {
        withExtendedLifetime(pieces) {
            var vectors: [iovec] = []
            vectors.reserveCapacity(pieces.count)
            for piece in pieces {
                // Safe: the pieces keep their arrays, which nobody changes, until the call has returned.
                piece.framed.withUnsafeBytes { bytes in
                    let start = vectors.isEmpty ? offset : 0
                    let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress).map { $0 + start }
                    vectors.append(iovec(iov_base: base, iov_len: bytes.count - start))
                }
            }
            return vectors.withUnsafeMutableBufferPointer { vectors in
                var message = msghdr()
                message.msg_iov = vectors.baseAddress
                message.msg_iovlen = vectors.count
                return sendmsg(descriptor, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
        }
    }

    private func want(_ interest: EventPoll.Interest, of connection: Connection, _ token: LiveToken) {
        guard connection.interest != interest else { return }
        connection.interest = interest
        do throws(SystemError) {
            try poll.set(connection.descriptor, interest: interest, token: token)
        } catch {
            close(token)
        }
    }
}
