@testable import RTSP

/// A session with the buffer that its owner keeps, and all that came out of it.
final class SessionDriver {
    var session: RTSPSession
    var now: Int64 = 0
    private(set) var sent: [UInt8] = []
    private(set) var packets: [(media: RTSPMedia, bytes: [UInt8])] = []
    private(set) var events: [RTSPEvent] = []
    private var rest: [UInt8] = []

    init(_ url: String = "rtsp://camera/live", change: (inout RTSPConfiguration) -> Void = { _ in }) {
        session = RTSPSession(Self.configuration(url, change: change))
    }

    static func configuration(
        _ url: String = "rtsp://camera/live",
        change: (inout RTSPConfiguration) -> Void = { _ in }
    ) -> RTSPConfiguration {
        guard let parsed = RTSPURL(url) else { preconditionFailure("not an RTSP address: \(url)") }
        var configuration = RTSPConfiguration(url: parsed, credentials: nil, hash: Hashes.all)
        configuration.clientNonce = { 1 }
        change(&configuration)
        return configuration
    }

    func begin() {
        session.begin(now: now)
        collect()
    }

    func receive(_ text: String) {
        receive(Array(text.utf8))
    }

    func receive(_ bytes: [UInt8]) {
        rest += bytes
        var taken: [(RTSPMedia, [UInt8])] = []
        let consumed = rest.withUnsafeBytes { buffer in
            session.receive(buffer, now: now) { media, packet in taken.append((media, Array(packet))) }
        }
        packets += taken.map { (media: $0.0, bytes: $0.1) }
        rest.removeFirst(consumed)
        collect()
    }

    func advance(to time: Int64) {
        now = time
        session.advance(to: now)
        collect()
    }

    func end() {
        session.end(now: now)
        collect()
    }

    func disconnect() {
        session.disconnect(now: now)
        collect()
    }

    func usePorts(_ ports: [UInt16]) {
        session.usePorts(ports, now: now)
        collect()
    }

    /// The bytes that the owner would keep for the next turn.
    var unconsumed: Int { rest.count }

    /// The text that was sent since the last call.
    func takeSent() -> String {
        defer { sent = [] }
        return String(decoding: sent, as: UTF8.self)
    }

    private func collect() {
        events += session.takeEvents()
        sent += session.takeOutput()
    }

    // MARK: Looking at events

    var error: RTSPError? {
        events.compactMap { if case .failed(let error) = $0 { error } else { nil } }.first
    }

    var notes: [RTSPNote] {
        events.compactMap { if case .note(let note) = $0 { note } else { nil } }
    }

    var description: SessionDescription? {
        events.compactMap { if case .described(let description) = $0 { description } else { nil } }.first
    }

    var information: [RTPInfo?]? {
        events.compactMap { if case .playing(let information) = $0 { information } else { nil } }.first
    }

    var isPlaying: Bool { information != nil }

    var redirect: RTSPConfiguration? {
        events.compactMap { if case .redirected(let configuration) = $0 { configuration } else { nil } }.first
    }

    var reopening: RTSPConfiguration? {
        events.compactMap { if case .reopen(let configuration) = $0 { configuration } else { nil } }.first
    }

    var neededPorts: Int? {
        events.compactMap { if case .needsPorts(let count) = $0 { count } else { nil } }.first
    }

    var hasEnded: Bool {
        events.contains { if case .ended = $0 { true } else { false } }
    }
}

/// An RTP packet in an interleaved frame.
func frame(
    _ channel: UInt8,
    type: UInt8 = 96,
    sequence: UInt16 = 0,
    source: UInt32 = 0x1122_3344,
    payload: [UInt8] = [1, 2, 3, 4]
) -> [UInt8] {
    var packet: [UInt8] = [0x80, type, UInt8(sequence >> 8), UInt8(truncatingIfNeeded: sequence), 0, 0, 0, 0]
    packet += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: source >> $0) }
    return frame(channel, packet: packet + payload)
}

/// Any packet in an interleaved frame.
func frame(_ channel: UInt8, packet: [UInt8]) -> [UInt8] {
    [0x24, channel, UInt8(truncatingIfNeeded: packet.count >> 8), UInt8(truncatingIfNeeded: packet.count)] + packet
}

/// A sender report in an interleaved frame.
func report(_ channel: UInt8) -> [UInt8] {
    frame(channel, packet: [0x80, 200, 0, 6] + [UInt8](repeating: 7, count: 24))
}
