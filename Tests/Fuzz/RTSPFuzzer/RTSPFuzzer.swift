import RTSP

/// Reads one input of libFuzzer: what a camera does in a session, and what its owner does.
///
/// The first byte chooses transport, account and audio. Steps follow: a byte below 0x40 is an order of the owner, any
/// other one comes before a byte of length and so many bytes from the camera, 256 more for each of its lower two bits.
func testOneInput(_ start: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: size)
    guard let choice = bytes.first, let url = RTSPURL("rtsp://camera/live") else { return 0 }
    if choice >= 0xF0 {
        readText(Array(bytes.dropFirst()))
        return 0
    }
    let account = choice & 0x10 == 0 ? nil : RTSPCredentials(user: "viewer", password: "pa55")
    var configuration = RTSPConfiguration(url: url, credentials: account) { algorithm, bytes in
        // Any function will do, if it depends on all bytes.
        let sum = bytes.reduce(UInt8(7)) { $0 &* 31 &+ $1 }
        return [UInt8](repeating: sum, count: algorithm == .sha256 ? 32 : 16)
    }
    configuration.transport = RTSPTransport.allCases[Int(choice & 3)]
    configuration.audioEncodings = choice & 4 == 0 ? [] : ["MPEG4-GENERIC", "OPUS", "PCMU"]
    if choice & 8 != 0 { configuration.keepAliveMethod = .setParameter }
    var connection = Connection(configuration)
    connection.begin()
    var index = 1
    while index < bytes.count {
        let step = bytes[index]
        index += 1
        if step < 0x40 {
            connection.perform(step)
        } else if index < bytes.count {
            let end = min(index + 1 + Int(bytes[index]) + Int(step & 3) * 256, bytes.count)
            connection.receive(bytes[(index + 1)..<max(end, index + 1)])
            index = end
        }
    }
    connection.perform(Order.disconnect)
    return 0
}

/// Orders of the owner.
private enum Order {
    static let waitUntilDue: UInt8 = 0
    static let wait: UInt8 = 1
    static let waitLong: UInt8 = 2
    static let usePorts: UInt8 = 3
    static let end: UInt8 = 4
    static let disconnect: UInt8 = 5
    static let report: UInt8 = 6
    static let reconnect: UInt8 = 7
}

/// A session with the buffer that its owner keeps.
private struct Connection: ~Copyable {
    private var session: RTSPSession
    private var rest: [UInt8] = []
    private var now: Int64 = 1
    private var next: RTSPConfiguration?

    init(_ configuration: RTSPConfiguration) {
        session = RTSPSession(configuration)
    }

    mutating func begin() {
        session.begin(now: now)
        collect()
    }

    mutating func receive(_ bytes: Slice<UnsafeRawBufferPointer>) {
        rest += bytes
        let count = rest.count
        let consumed = rest.withUnsafeBytes { buffer in
            session.receive(buffer, now: now) { media, packet in
                precondition(!packet.isEmpty && media.track >= 0)
                guard let end = packet.last else { return }
                sink = sink &+ end
            }
        }
        precondition((0...count).contains(consumed))
        rest.removeFirst(consumed)
        precondition(rest.count <= RTSPLimits.unconsumedBytes)
        collect()
    }

    mutating func perform(_ order: UInt8) {
        switch order & 7 {
        case Order.waitUntilDue: waitUntilDue()
        case Order.wait: advance(by: 1_000_000_000)
        case Order.waitLong: advance(by: 60_000_000_000)
        case Order.usePorts: session.usePorts(order & 8 == 0 ? [40_000, 40_002] : [], now: now)
        case Order.end: session.end(now: now)
        case Order.disconnect: session.disconnect(now: now)
        case Order.report:
            [UInt8](repeating: 0x80, count: Int(order)).withUnsafeBytes {
                session.sendReport($0, track: Int(order >> 3 & 3))
            }
        default:
            guard let next else { return }
            self = Connection(next)
            begin()
        }
        collect()
    }

    /// Moves on to the moment at which something is due; stops the fuzzer if doing it never ends.
    private mutating func waitUntilDue() {
        guard let deadline = session.deadline, deadline < .max / 2 else { return }
        now = max(now, deadline)
        var turns = 0
        while let due = session.deadline, due <= now {
            turns += 1
            precondition(turns < 100)
            session.advance(to: now)
        }
    }

    private mutating func advance(by nanoseconds: Int64) {
        now += nanoseconds
        session.advance(to: now)
    }

    private mutating func collect() {
        let events = session.takeEvents()
        precondition(events.count <= RTSPLimits.events * 4)
        for event in events {
            switch event {
            case .redirected(let configuration), .reopen(let configuration): next = configuration
            case .described(let description), .announced(let description): read(description)
            case .needsPorts, .setUp, .playing, .note, .ended, .failed: break
            }
        }
        precondition(session.takeOutput().count <= RTSPLimits.outputBytes * 2)
        precondition(session.tracks.count <= 2)
    }
}

/// Keeps reads from being left out.
private nonisolated(unsafe) var sink: UInt8 = 0

private func read(_ description: SessionDescription) {
    precondition(description.media.count <= RTSPLimits.mediaDescriptions)
    for media in description.media {
        for format in media.formats {
            precondition(format.parameters.parameterSets.count <= RTSPLimits.parameterSets)
            precondition(format.parameters.audioConfiguration?.isEmpty != true)
        }
    }
}

private func readText(_ bytes: [UInt8]) {
    read(SessionDescription(bytes))
    let text = String(decoding: bytes, as: UTF8.self)
    if let url = RTSPURL(text) { precondition(RTSPURL(url.text) == url) }
    let parameters = FormatParameters(text)
    for name in ["sizelength", "a", ""] { precondition(parameters.number(name) ?? 0 >= 0) }
}
