/// The client's side of one RTSP 1.0 session (RFC 2326), without I/O.
///
/// Bytes of the connection go in through `receive`; packets come out of it at once, and events and bytes to send are
/// taken afterwards. Times are nanoseconds of one monotonic clock of the caller. After each call:
///
/// 1. take the events, which may ask for something that has to be done before the output is sent,
/// 2. send the output,
/// 3. call `advance` at `deadline`.
///
/// The connection itself, time-outs of media and everything about UDP sockets are the caller's.
public struct RTSPSession: ~Copyable, Sendable {
    /// The progress of a session.
    public enum Phase: Hashable, Sendable {
        /// Nothing was sent yet.
        case idle
        /// The stream is being asked for.
        case opening
        /// The caller has to name UDP ports.
        case needsPorts
        /// Tracks are being set up.
        case settingUp
        /// PLAY was sent.
        case starting
        /// Media comes, and keep-alive requests are sent.
        case streaming
        /// TEARDOWN was sent.
        case tearingDown
        /// Nothing happens any more.
        case over
    }

    /// The progress of the session.
    public internal(set) var phase = Phase.idle
    /// The tracks that are set up: video first, then audio.
    public internal(set) var tracks: [RTSPTrack] = []
    /// The name that the camera's software gives itself; nil where it gives none.
    public internal(set) var server: String?
    /// The method to try as `RTSPConfiguration.keepAliveMethod` of the next session.
    ///
    /// It is set at the end of a session whose media stopped about one time-out after it began, although all keep-alive
    /// requests were answered; nil otherwise.
    public internal(set) var keepAliveSuggestion: RTSPMethod?

    var configuration: RTSPConfiguration
    var authenticator: Authenticator
    var reader = StreamReader()
    var output: [UInt8] = []
    var events: [RTSPEvent] = []
    var noted: Set<RTSPNote> = []
    var messages = RateBudget(RTSPLimits.messages)

    // The dialogue
    var exchanges: [Exchange] = []
    var sequence = 0
    var answered = 0
    /// The last answer, to recognise one that comes twice.
    var lastAnswer: (sequence: Int, digest: UInt64)?
    var publicMethods: Set<String>?
    var description: SessionDescription?
    /// The description of the camera's latest ANNOUNCE.
    var announced: SessionDescription?
    var urls: ControlURLs?
    /// Indices into the description's media.
    var wanted: [Int] = []
    /// The transport that is asked for at present; never `automatic`.
    var transport: RTSPTransport
    var ports: [UInt16] = []
    /// Addresses for the present step, the one in use, and the camera's first refusal of it.
    var candidates: [String] = []
    var candidate = 0
    var firstRefusal: RTSPError?
    var sendsRange = true

    // The session
    var sessionID: String?
    /// An identifier from before SETUP, and the latest of several: for cameras that refuse the usual one.
    var otherSessionID: String?
    var timeout: Int64?
    var presentation: String
    var keepAlive = KeepAlive()
    var lastMedia: Int64?

    /// Creates a session that has not begun.
    public init(_ configuration: RTSPConfiguration) {
        self.configuration = configuration
        authenticator = Authenticator(
            credentials: configuration.credentials,
            challenge: configuration.challenge,
            hash: configuration.hash,
            clientNonce: configuration.clientNonce
        )
        transport = configuration.transport == .automatic ? .tcp : configuration.transport
        presentation = configuration.url.text
    }

    /// Counts of what the connection brought.
    public var statistics: RTSPStatistics {
        var result = reader.statistics
        result.cameraRequests = cameraRequests
        result.unexpectedAnswers = unexpectedAnswers
        return result
    }

    /// The first audio that the camera offers, wanted or not; nil before its description has come.
    public var offeredAudio: MediaDescription? { description?.media.first { $0.kind == .audio && $0.isRTP } }

    var cameraRequests: UInt64 = 0
    var unexpectedAnswers: UInt64 = 0

    // MARK: The caller's side

    /// Begins the dialogue on a fresh connection.
    public mutating func begin(now: Int64) {
        guard phase == .idle else { return }
        phase = .opening
        perform(configuration.skipsOptions ? .describe : .options, now: now)
    }

    /// Reads bytes of the connection.
    ///
    /// - Parameters:
    ///   - bytes: The bytes that the last call left, followed by new ones.
    ///   - now: The present time.
    ///   - media: Gets each packet; its bytes are valid during the call. It must not touch the session.
    /// - Returns: The number of bytes at the front that are done with; at most `RTSPLimits.unconsumedBytes` stay. The
    ///   packet before the end may stay although it was handed out; it will not come twice.
    public mutating func receive(
        _ bytes: UnsafeRawBufferPointer,
        now: Int64,
        media: (RTSPMedia, UnsafeRawBufferPointer) -> Void
    ) -> Int {
        guard phase != .over else { return bytes.count }
        reader.begin()
        while true {
            switch reader.next(in: bytes, now: now) {
            case .packet(let origin, let start, let end):
                lastMedia = now
                media(origin, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            case .message(let start, let head, let body):
                take(bytes, start: start, head: head, body: body, now: now)
                if phase == .over { return bytes.count }
            case .failure(let error):
                fail(error)
                return bytes.count
            case .end:
                if reader.adoptions > 0 { note(.channelAdopted) }
                return min(reader.consumed, bytes.count)
            }
        }
    }

    /// Names the local UDP ports for RTP, one for each track; the port above each is the one for RTCP.
    public mutating func usePorts(_ ports: [UInt16], now: Int64) {
        guard phase == .needsPorts else { return }
        guard ports.count >= wanted.count, ports.allSatisfy({ $0 > 0 && $0 < .max }) else {
            fail(RTSPError(.transportRefused, "no UDP ports are left for the camera's media"))
            return
        }
        self.ports = ports
        setUpTrack(0, now: now)
    }

    /// Notes that media came over UDP.
    public mutating func noteMedia(now: Int64) {
        lastMedia = now
    }

    /// Sends an RTCP packet to the camera, on the channel of a track that is interleaved.
    public mutating func sendReport(_ packet: UnsafeRawBufferPointer, track: Int) {
        guard phase == .streaming || phase == .starting, tracks.indices.contains(track),
            case .interleaved(_, let channel) = tracks[track].path,
            let length = UInt16(exactly: packet.count), output.count < RTSPLimits.outputBytes
        else { return }
        output += [UInt8(ascii: "$"), channel, UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
        output.append(contentsOf: packet)
    }

    /// Tears the session down, so that the camera frees it at once; `ended` follows.
    public mutating func end(now: Int64) {
        switch phase {
        case .settingUp where sessionID != nil, .starting, .streaming:
            judgeKeepAlive(now: now)
            phase = .tearingDown
            exchanges = []
            perform(.tearDown, now: now)
        case .idle, .opening, .needsPorts, .settingUp:
            // The camera has nothing to free.
            finish(.ended)
        case .tearingDown, .over: break
        }
    }

    /// Takes the end of the connection on the camera's side.
    public mutating func disconnect(now: Int64) {
        switch phase {
        case .over: break
        case .tearingDown: finish(.ended)
        case .streaming:
            judgeKeepAlive(now: now)
            fail(RTSPError(.closed, "the camera closed the connection"))
        case .idle, .opening, .needsPorts, .settingUp, .starting:
            let isRefused = exchanges.last.map { $0.attempts.all > 0 } ?? false
            if isRefused, configuration.challenge == nil, configuration.hops < RTSPLimits.hops {
                // Closed after the 401: the repetition is heard on another connection.
                finish(.reopen(configuration.reopening(with: authenticator.challenge)))
            } else if answered == 0, reader.statistics.skippedBytes > 0 {
                fail(RTSPError(.notRTSP, "the port does not speak RTSP"))
            } else if exchanges.last?.purpose == .options, configuration.challenge == nil,
                configuration.hops < RTSPLimits.hops
            {
                // OPTIONS is a courtesy, which not all cameras know.
                finish(.reopen(configuration.reopeningWithoutOptions()))
            } else {
                let step = exchanges.last.map { " before it answered \($0.purpose.method.rawValue)" } ?? ""
                fail(RTSPError(.closed, "the camera closed the connection" + step))
            }
        }
    }

    /// The bytes to send, which are then forgotten here.
    public mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// The events since the last call, which are then forgotten here.
    public mutating func takeEvents() -> [RTSPEvent] {
        defer { events = [] }
        return events
    }

    /// Indicates that there is something to send.
    public var hasOutput: Bool { !output.isEmpty }

    /// Indicates that there are events to take.
    public var hasEvents: Bool { !events.isEmpty }

    // MARK: Ends and notes

    /// Ends the session with its last event.
    mutating func finish(_ event: RTSPEvent) {
        guard phase != .over else { return }
        phase = .over
        exchanges = []
        keepAlive = KeepAlive()
        events.append(event)
    }

    mutating func fail(_ error: RTSPError) {
        finish(.failed(error))
    }

    mutating func note(_ note: RTSPNote) {
        guard noted.insert(note).inserted, events.count < RTSPLimits.events else { return }
        events.append(.note(note))
    }
}
