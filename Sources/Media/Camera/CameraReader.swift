import Encodings
import RTP
public import RTSP

/// Reads a camera over RTSP, without I/O: bytes of the connection go in, frames go into a segmenter, and bytes to send come
/// out.
///
/// Times are nanoseconds of one monotonic clock, wall-clock times microseconds since 1970. After each call the owner takes
/// the events, then the output, and calls `advance` at `deadline`. Belongs to one thread.
public final class CameraReader {
    /// The limits of time, in nanoseconds.
    public struct Limits: Hashable, Sendable {
        /// From the connection to the answer to PLAY.
        public var opening: Int64 = 20_000_000_000
        /// Without a frame of video.
        public var silence: Int64 = 10_000_000_000

        /// Creates the usual limits.
        public init() {}
    }

    private static let reportInterval: Int64 = 5_000_000_000

    private let limits: Limits
    let wantsAudio: Bool
    // Each packet goes through these. Looking at run time whether two accesses overlap would cost as much as reading it. They do
    // not: one thread has the reader, and session, receivers, depacketizers and segmenter stand apart, because one hands out
    // what the next one reads.
    @exclusivity(unchecked) var session: RTSPSession
    @exclusivity(unchecked) var videoReceiver: RTPReceiver?
    @exclusivity(unchecked) var audioReceiver: RTPReceiver?
    @exclusivity(unchecked) var video: (any Depacketizer)?
    @exclusivity(unchecked) var audio: (any Depacketizer)?
    @exclusivity(unchecked) var segmenter: RunSegmenter?
    var videoClock = TrackClock(rate: 90_000, ticks: 90_000)
    var audioClock = TrackClock(rate: 90_000, ticks: 90_000)
    /// The audio that is to be encoded, once the stream is open; nil where there is none, or it needs no encoder.
    public private(set) var samples: SampledAudio?
    /// Takes the audio that is to be encoded, its times in samples and nanoseconds; nil to leave it out.
    public var encode: ((_ bytes: UnsafeRawBufferPointer, _ timestamp: Int64, _ arrival: Int64) -> Void)?
    let sampleBuffer = ByteBuffer(capacity: 16)
    /// Media that came before the format of the audio was known.
    @exclusivity(unchecked) var held: HeldMedia?
    var events: [CameraReaderEvent] = []
    private var began: Int64 = 0
    @exclusivity(unchecked) var lastVideo: Int64?
    /// Packets of video since the last frame.
    @exclusivity(unchecked) var packetsWithoutFrame = 0
    var reportDue: Int64 = .max
    private let source = UInt32.random(in: 1 ... .max)

    /// Creates a reader of a connection that is not made yet.
    ///
    /// - Parameters:
    ///   - configuration: The address, the account and the transport.
    ///   - wantsAudio: True if audio is recorded.
    ///   - limits: The limits of time.
    public init(_ configuration: RTSPConfiguration, wantsAudio: Bool, limits: Limits = Limits()) {
        var configuration = configuration
        configuration.audioEncodings = wantsAudio ? CameraTracks.audioEncodings : []
        session = RTSPSession(configuration)
        self.wantsAudio = wantsAudio
        self.limits = limits
    }

    /// Counts of what the connection brought.
    public var statistics: RTSPStatistics { session.statistics }

    /// Packets that were lost on the way, by their numbers.
    public var lostPackets: Int { videoReceiver?.sequence.statistics.missing ?? 0 }

    /// The method of keep-alive requests to try with the next connection; nil for the usual one.
    public var keepAliveSuggestion: RTSPMethod? { session.keepAliveSuggestion }

    /// Begins the dialogue on a fresh connection.
    public func begin(now: Int64) throws(MediaError) {
        began = now
        session.begin(now: now)
        try takeSessionEvents(now: now)
    }

    /// Sets where frames go, in answer to `opened`.
    public func record(into segmenter: RunSegmenter) {
        self.segmenter = segmenter
        // The reader may be gone when the segmenter ends; then no sample is incomplete.
        segmenter.moveSamples { [weak self] old, new in
            self?.video?.moveFrame(from: old, to: new)
            if self?.samples == nil { self?.audio?.moveFrame(from: old, to: new) }
        }
    }

    /// Reads bytes of the connection.
    ///
    /// - Parameters:
    ///   - bytes: The bytes that the last call left, followed by new ones.
    ///   - now: The present time.
    ///   - wallClock: The present time of day.
    /// - Returns: The number of bytes at the front that are done with.
    /// - Throws: The reason why the stream cannot go on.
    public func receive(_ bytes: UnsafeRawBufferPointer, now: Int64, wallClock: Int64) throws(MediaError) -> Int {
        try releaseHeld()
        var failure: MediaError?
        let consumed = session.receive(bytes, now: now) { origin, packet in
            guard failure == nil else { return }
            do throws(MediaError) {
                try take(packet, from: origin, now: now, wallClock: wallClock)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        try takeSessionEvents(now: now)
        return consumed
    }

    /// Reads a datagram.
    ///
    /// - Parameters:
    ///   - datagram: Its bytes.
    ///   - track: The index of its track.
    ///   - kind: The protocol, by its port.
    ///   - now: The present time.
    ///   - wallClock: The present time of day.
    /// - Throws: The reason why the stream cannot go on.
    public func receive(
        datagram: UnsafeRawBufferPointer,
        track: Int,
        kind: RTSPMedia.Kind,
        now: Int64,
        wallClock: Int64
    ) throws(MediaError) {
        try releaseHeld()
        session.noteMedia(now: now)
        try take(datagram, from: RTSPMedia(track: track, kind: kind), now: now, wallClock: wallClock)
    }

    /// Takes the end of the connection on the camera's side.
    public func disconnect(now: Int64) throws(MediaError) {
        session.disconnect(now: now)
        try takeSessionEvents(now: now)
    }

    /// Names the local UDP ports for RTP, one for each track.
    public func usePorts(_ ports: [UInt16], now: Int64) throws(MediaError) {
        session.usePorts(ports, now: now)
        try takeSessionEvents(now: now)
    }

    /// Takes leave of the camera; `ended` follows, or the end of the connection.
    public func end(now: Int64) {
        finishFrames()
        session.end(now: now)
        for case .ended in session.takeEvents() { events.append(.ended) }
    }

    /// The moment at which `advance` has something to do.
    public var deadline: Int64 {
        var result = session.deadline ?? .max
        if session.phase == .streaming {
            result = min(result, reportDue, (lastVideo ?? began) + limits.silence)
            result = min(result, videoReceiver?.nextRelease ?? .max, audioReceiver?.nextRelease ?? .max)
            if held?.isWaiting == true { result = min(result, began + HeldMedia.limit) }
        } else if session.phase != .over, session.phase != .tearingDown {
            result = min(result, began + limits.opening)
        }
        return result
    }

    /// Does what is due.
    ///
    /// - Throws: `stalled` when no video came for too long, `unreachable` when the camera did not answer.
    public func advance(to now: Int64, wallClock: Int64) throws(MediaError) {
        session.advance(to: now)
        try takeSessionEvents(now: now)
        switch session.phase {
        case .streaming:
            if now - began >= HeldMedia.limit { stopHolding(nil) }
            try releaseHeld()
            try release(now: now, wallClock: wallClock)
            if now >= reportDue { sendReports(now: now) }
            guard now - (lastVideo ?? began) < limits.silence else { throw silence }
        case .idle, .opening, .needsPorts, .settingUp, .starting:
            guard now - began < limits.opening else {
                throw MediaError(.unreachable, "the camera did not set the stream up in time")
            }
        case .tearingDown, .over: break
        }
    }

    /// The events since the last call, which are then forgotten here.
    public func takeEvents() -> [CameraReaderEvent] {
        defer { events = [] }
        return events
    }

    /// The bytes to send, which are then forgotten here.
    public func takeOutput() -> [UInt8] { session.takeOutput() }

    /// True until the camera has said that it plays.
    public var isOpening: Bool {
        switch session.phase {
        case .idle, .opening, .needsPorts, .settingUp, .starting: true
        case .streaming, .tearingDown, .over: false
        }
    }

    /// True while the stream's own clock tells when its frames were captured, so that little hangs on the moment of reading.
    public var isCalm: Bool {
        guard session.phase == .streaming, held == nil, let segmenter else { return false }
        return segmenter.isRecording && segmenter.followsSteadySource
    }

    /// True if there is something to send.
    public var hasOutput: Bool { session.hasOutput }

    /// True if there are events to take.
    public var hasEvents: Bool { !events.isEmpty }

    // MARK: The session

    private func takeSessionEvents(now: Int64) throws(MediaError) {
        guard session.hasEvents else { return }
        for event in session.takeEvents() {
            switch event {
            case .setUp(let tracks): try setUp(tracks)
            case .playing:
                began = now
                reportDue = now + Self.reportInterval
            case .needsPorts(let count): events.append(.needsPorts(count))
            case .redirected(let next), .reopen(let next): events.append(.reconnect(next))
            case .note(let note): events.append(.note(note))
            case .ended: events.append(.ended)
            case .failed(let error): throw MediaError(error)
            // A stream that changes shows that in its parameter sets.
            case .described, .announced: break
            }
        }
    }

    private func setUp(_ tracks: [RTSPTrack]) throws(MediaError) {
        guard let first = tracks.first else { throw MediaError(.noVideo, "the camera describes no video") }
        guard let found = CameraTracks.video(first) else {
            return events.append(.foreign("\(first.format.encoding) over RTP"))
        }
        var description = StreamDescription(video: found.track)
        video = found.depacketizer
        videoClock = TrackClock(rate: first.format.clockRate, ticks: 90_000)
        videoReceiver = Self.receiver(of: first)
        events.append(.tracks(tracks))
        if let second = tracks.dropFirst().first {
            audioReceiver = Self.receiver(of: second)
            if second.format.encoding == "MPA" {
                audio = MPEGAudioDepacketizer()
                held = HeldMedia(description)
                return
            }
            // A library may read what this reader cannot.
            if let found = CameraTracks.audio(second) {
                description.audio = found.track
                audio = found.depacketizer
                audioClock = TrackClock(rate: second.format.clockRate, ticks: found.track.sampleRate)
            } else if let found = CameraTracks.samples(second) {
                description.audio = found.audio.track
                samples = found.audio
                audio = found.depacketizer
            } else {
                return events.append(.foreign("\(second.format.encoding) over RTP"))
            }
        }
        if let missing = audioLeftOut, audio == nil { description.notes.append(missing) }
        events.append(.opened(description))
    }

    /// The remark on audio that the camera offers and a file cannot hold.
    private var audioLeftOut: String? {
        guard wantsAudio, let media = session.offeredAudio, let encoding = media.format?.encoding else { return nil }
        return "the audio (\(encoding)) was left out: MP4 or browsers cannot carry it"
    }

    private static func receiver(of track: RTSPTrack) -> RTPReceiver {
        // TCP keeps the order of packets.
        let isInterleaved = if case .interleaved = track.path { true } else { false }
        return RTPReceiver(
            payloadType: track.format.payloadType,
            clockRate: track.format.clockRate,
            reordering: isInterleaved ? nil : RTPReorderLimits()
        )
    }

    // MARK: Reports

    /// Sends receiver reports: some cameras take a client that sends none for gone (RFC 3550, 6.2).
    private func sendReports(now: Int64) {
        reportDue = now + Self.reportInterval
        let receivers = [videoReceiver?.takeReport(at: now), audioReceiver?.takeReport(at: now)]
        for (track, block) in receivers.enumerated() {
            guard let block else { continue }
            let report = ByteBuffer(capacity: 128)
            report.append(receiverReportFrom: source, blocks: [block], name: "observer")
            if session.tracks.indices.contains(track), case .interleaved = session.tracks[track].path {
                session.sendReport(report.bytes, track: track)
            } else {
                events.append(.report(report.bytes.map { $0 }, track: track))
            }
        }
    }
}

extension MediaError {
    /// The error of a session, as a person would name it.
    init(_ error: RTSPError) {
        let kind: Kind =
            switch error.kind {
            case .unauthorized, .forbidden: .unauthorized
            case .notFound: .notFound
            case .busy, .refused, .cameraFailed: .refused
            // Waiting does not help; another transport or address does.
            case .notRTSP, .badStream, .badRedirect, .transportRefused: .badStream
            case .noVideo: .noVideo
            // The port may tell more.
            case .noAnswer, .sessionLost, .closed: .unreachable
            }
        let advice = error.hint.map { "\(error.detail); \($0)" } ?? error.detail
        self.init(kind, advice, code: Int32(clamping: error.status ?? 0))
    }
}
