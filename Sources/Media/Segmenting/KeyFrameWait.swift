/// The wait of a stream for a frame that a recording can begin with.
///
/// A pure value; times are in nanoseconds of the clock of the arrivals.
struct KeyFrameWait: Sendable {
    /// The longest wait.
    ///
    /// Longer than cameras can be set to: up to 400 frames, at few frames a second. A new connection brings most of them to send
    /// one, but those that it does not would never be recorded if they were given up before their next.
    private static let limit: Int64 = 300_000_000_000
    /// A longer wait is worth a word.
    private static let usual: Int64 = 3_000_000_000

    /// The arrival of the first frame of the stream.
    private var first: Int64?
    /// The first and the latest arrival of frames that nothing could begin with.
    private var stretch: (from: Int64, to: Int64)?

    /// The seconds from the first frame to one that comes now.
    mutating func seconds(at arrival: Int64) -> Double {
        let begun = first ?? arrival
        first = begun
        return Double(arrival &- begun) / 1_000_000_000
    }

    /// Takes note of a frame that a recording cannot begin with.
    ///
    /// - Throws: `noKeyFrames` after five minutes: without such a frame nothing is recorded, so that must not last.
    mutating func goOn(at arrival: Int64) throws(MediaError) {
        let from = stretch?.from ?? arrival
        stretch = (from, arrival)
        guard arrival &- from <= Self.limit else {
            throw MediaError(
                .noKeyFrames,
                "the camera sent no key frame with its parameters for 5 min; set its key-frame interval to 1 to 4 s"
            )
        }
    }

    /// Takes note of a frame with which a recording begins.
    mutating func end() {
        stretch = nil
    }

    /// True once it has lasted for more than three seconds.
    var isLong: Bool { stretch.map { $0.to &- $0.from > Self.usual } ?? false }
}
