import Media
import ObserverConfiguration
import ObserverCore
import System

/// A camera that libavformat reads.
final class LibrarySource: CameraSource {
    private var source: LibAVSource
    private var segmenter: RunSegmenter?
    private(set) var receivedBytes = 0
    /// libavformat keeps to itself what it lost.
    let lostPackets = 0

    init(_ options: LibAVSource.Options, interrupt: MediaInterrupt) {
        source = LibAVSource(options, interrupt: interrupt)
    }

    func open(into segmenter: (StreamDescription) -> RunSegmenter) throws(MediaError) {
        receivedBytes = 0
        self.segmenter = segmenter(try source.open())
    }

    func read() throws(MediaError) {
        guard let segmenter else { throw MediaError(.stalled, "the stream is not open") }
        let packet = try source.next()
        receivedBytes += packet.bytes.count
        try segmenter.take(
            packet,
            arrival: MonotonicInstant.now().nanoseconds,
            wallClock: Timestamp.now().microseconds
        )
    }

    func close() {
        segmenter = nil
        source.close()
    }

    func takeWarning() -> String? { source.takeWarning() }
}
