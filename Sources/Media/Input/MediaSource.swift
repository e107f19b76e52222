/// Where packets come from: a camera, a server, a file.
///
/// All calls come from one thread and block; each ends within a deadline of the source's own, and soon after the
/// `MediaInterrupt` it was made with is stopped. The rest of the module knows streams through this protocol alone.
public protocol MediaSource {
    /// Connects and finds out what the stream is.
    ///
    /// - Throws: The cause as a person would name it.
    mutating func open() throws(MediaError) -> StreamDescription

    /// Waits for the next packet; its bytes are valid until the next call.
    ///
    /// - Throws: `stalled` when no video came in time; whatever ended the stream otherwise. Then only `close` is left.
    mutating func next() throws(MediaError) -> MediaPacket

    /// Tears down the session and frees all resources; harmless when not open.
    mutating func close()
}
