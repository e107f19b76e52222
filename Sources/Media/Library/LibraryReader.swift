/// Reads a camera through `observer-media`, without I/O: what the process writes goes in, frames go into a segmenter.
///
/// It believes nothing that the process says: a camera may have taken it over. Every message is bounded and checked, and one that
/// cannot be ends the stream. Times are nanoseconds of the machine's monotonic clock. Belongs to one thread.
public final class LibraryReader {
    /// The time that the process has beyond the limits that it keeps itself.
    private static let grace: Int64 = 5_000_000_000
    /// Without any message; the process itself gives up sooner, for a playlist after 30 s.
    private static let silence: Int64 = 45_000_000_000
    /// A packet that waited longer than this counts from here on; the last frame before a playlist stands still waits for the next.
    private static let longestWait: Int64 = 40_000_000_000

    private enum Phase {
        case opening, opened, streaming, over
    }

    /// The first bytes to send to the process.
    public let request: [UInt8]
    /// Bytes of packets that came since the beginning.
    public private(set) var receivedBytes = 0
    /// True if the process broke down, hung or said what cannot be, rather than ending a stream as it should.
    public private(set) var hasBrokenDown = false
    /// The stream, once it is open; `record(into:now:wallClock:)` is due then.
    public private(set) var streams: StreamDescription?

    private let opening: Int64
    private var phase = Phase.opening
    private var heard: Int64
    private var splitter = MessageSplitter(limit: LibraryReply.sizeLimit)
    private var segmenter: RunSegmenter?
    /// The messages that came together with the description of the stream.
    private var early: [[UInt8]] = []
    private var lastArrival = Int64.min
    private var warning: String?
    /// The packets of a playlist that were recorded, for the reader of the next connection.
    public private(set) var memory: PlaylistMemory

    /// Creates a reader of a process that starts now.
    ///
    /// - Parameters:
    ///   - stream: What the process is to read.
    ///   - memory: That of the last connection.
    ///   - now: The present time.
    public init(_ stream: LibraryStream, memory: PlaylistMemory = PlaylistMemory(), now: Int64) {
        self.memory = memory
        self.memory.reconnect()
        request = LibraryRequest.read(stream).bytes
        opening = Int64(stream.openLimit / .nanoseconds(1)) + Self.grace
        heard = now
    }

    /// Reads what the process wrote.
    ///
    /// - Parameters:
    ///   - bytes: The next bytes; all of them are taken.
    ///   - now: The present time.
    ///   - wallClock: The present time of day, in microseconds since 1970.
    /// - Throws: The reason why the stream ended.
    public func receive(_ bytes: UnsafeRawBufferPointer, now: Int64, wallClock: Int64) throws(MediaError) {
        guard phase != .over else { return }
        heard = now
        let isWhole = try splitter.take(bytes) { (message: UnsafeRawBufferPointer) throws(MediaError) in
            guard phase != .opened else { return early.append(Array(message)) }
            try take(message, now: now, wallClock: wallClock)
        }
        guard isWhole else { throw breakDown(Self.nonsense) }
    }

    /// Sets where frames go, once the stream is open.
    ///
    /// - Throws: The reason why the stream ended.
    public func record(into segmenter: RunSegmenter, now: Int64, wallClock: Int64) throws(MediaError) {
        guard phase == .opened else { return }
        phase = .streaming
        self.segmenter = segmenter
        let messages = early
        early = []
        for message in messages {
            var failure: MediaError?
            message.withUnsafeBytes { bytes in
                do throws(MediaError) {
                    try take(bytes, now: now, wallClock: wallClock)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
    }

    private func take(_ message: UnsafeRawBufferPointer, now: Int64, wallClock: Int64) throws(MediaError) {
        guard phase != .over else { return }
        switch LibraryReply(message) {
        case .opened(let streams):
            guard phase == .opening else { throw breakDown(Self.nonsense) }
            phase = .opened
            self.streams = streams
        case .packet(let packet, let said):
            guard let segmenter, packet.track == .video || streams?.audio != nil else { throw breakDown(Self.nonsense) }
            receivedBytes += packet.bytes.count
            // Packets wait on their way through the socket, so that their arrival is that at the process.
            let arrival = max(min(max(said, now - Self.longestWait), now), lastArrival)
            lastArrival = arrival
            let isFollowed = streams?.isPlaylist == true && packet.track == .video
            guard !isFollowed || !memory.hasSeen(packet) else { return }
            do throws(MediaError) {
                try segmenter.take(packet, arrival: arrival, wallClock: wallClock - (now - arrival) / 1000)
                if isFollowed, segmenter.isRecording { memory.remember(packet) }
            } catch {
                phase = .over
                throw error
            }
        case .warning(let line):
            warning = line
        case .failed(let error):
            phase = .over
            throw error
        case .still, .noStill, nil:
            throw breakDown(Self.nonsense)
        }
    }

    /// Takes the end of the process.
    ///
    /// - Parameter cause: How it ended, in a few words, such as `signal 11`; nil where that is not known.
    /// - Returns: The reason why the stream ended.
    public func end(_ cause: String?) -> MediaError {
        let what = "the program that reads this camera broke down"
        return breakDown(MediaError(.badStream, cause.map { "\(what) (\($0))" } ?? what))
    }

    /// The moment at which `advance` has something to do.
    public var deadline: Int64 {
        switch phase {
        case .opening: heard + opening
        case .opened, .streaming: heard + Self.silence
        case .over: .max
        }
    }

    /// Does what is due.
    ///
    /// - Throws: `stalled` when the process says nothing any more.
    public func advance(to now: Int64) throws(MediaError) {
        guard now >= deadline else { return }
        throw breakDown(MediaError(.stalled, "the program that reads this camera does not answer"))
    }

    /// The last warning of the library, which is then forgotten here; nil if there was none.
    public func takeWarning() -> String? {
        defer { warning = nil }
        return warning
    }

    private static let nonsense = MediaError(.badStream, "the program that reads this camera said what cannot be")

    private func breakDown(_ error: MediaError) -> MediaError {
        if phase != .over { hasBrokenDown = true }
        phase = .over
        return error
    }
}
