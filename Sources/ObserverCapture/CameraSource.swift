import Media

/// The way in which a camera is read.
///
/// All calls come from the camera's thread; each ends soon after the camera is stopped.
protocol CameraSource: AnyObject {
    /// Connects and sets the stream up.
    ///
    /// - Parameter segmenter: Creates what takes the frames of a stream; called once the stream is known, on the same
    ///   thread, before the first frame.
    /// - Throws: The cause as a person would name it.
    func open(into segmenter: (StreamDescription) -> RunSegmenter) throws(MediaError)

    /// Waits for media and passes it to the segmenter.
    ///
    /// - Throws: The reason why the stream ended; then only `close` is left.
    func read() throws(MediaError)

    /// Takes leave of the camera and frees everything; harmless when not open.
    func close()

    /// Bytes that came from the camera since the stream was opened.
    var receivedBytes: Int { get }

    /// Packets of video that were lost on the way since the stream was opened, as far as the source knows.
    var lostPackets: Int { get }

    /// The last remark about this stream that only a developer understands; nil if there was none since the last call.
    func takeWarning() -> String?
}
