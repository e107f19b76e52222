/// Has `observer-media` encode audio, without I/O: samples go in, bytes for the process come out; what the process writes goes in, and
/// frames go into a segmenter.
///
/// Audio can never stop the video: what the process does not take is left out. Nothing that it says is believed. Belongs to one thread.
public final class LibraryEncoder {
    /// About a second of the widest samples.
    private static let outputLimit = 256 << 10
    /// Audio takes a third of a second through the encoder.
    private static let longestWait: Int64 = 10_000_000_000

    private let rate: Int64
    private var output: [UInt8]
    private var splitter = MessageSplitter(limit: 1 << 20)
    private var lastArrival = Int64.min
    /// Pieces of audio that were left out because the process did not take them.
    public private(set) var dropped = 0

    /// Creates an encoder.
    public init(_ audio: SampledAudio) {
        rate = Int64(audio.sampleRate)
        output = LibraryRequest.encode(audio).bytes
    }

    /// True if there is something to send.
    public var hasOutput: Bool { !output.isEmpty }

    /// Passes the bytes to send to `body`, which returns how many of them were sent.
    public func send(_ body: (UnsafeRawBufferPointer) -> Int) {
        let count = output.withUnsafeBytes { body($0) }
        output.removeFirst(min(max(count, 0), output.count))
    }

    /// Takes samples.
    ///
    /// - Parameters:
    ///   - bytes: The samples in their coding.
    ///   - timestamp: The time of the first one, in samples.
    ///   - arrival: When they came, in nanoseconds of a monotonic clock.
    public func take(_ bytes: UnsafeRawBufferPointer, timestamp: Int64, arrival: Int64) {
        guard !bytes.isEmpty else { return }
        guard output.count + bytes.count <= Self.outputLimit else {
            dropped += 1
            return
        }
        output += LibraryRequest.samples(Array(bytes), timestamp: timestamp, arrival: arrival).bytes
    }

    /// Reads what the process wrote.
    ///
    /// - Throws: `badStream` where it said what cannot be; the process is of no use then.
    public func receive(
        _ bytes: UnsafeRawBufferPointer,
        now: Int64,
        into segmenter: RunSegmenter
    ) throws(MediaError) {
        let isWhole = try splitter.take(bytes) { (message: UnsafeRawBufferPointer) throws(MediaError) in
            switch LibraryReply(message) {
            case .packet(let packet, let said) where packet.track == .audio:
                let arrival = max(min(max(said, now - Self.longestWait), now), lastArrival)
                lastArrival = arrival
                try segmenter.take(packet, arrival: arrival, wallClock: 0)
            case .failed(let error): throw error
            default: throw Self.nonsense
            }
        }
        guard isWhole else { throw Self.nonsense }
    }

    private static let nonsense = MediaError(.badStream, "the program that encodes audio said what cannot be")
}
