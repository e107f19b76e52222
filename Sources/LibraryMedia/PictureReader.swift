import CLibAV
import Media

/// Reads the pictures of Motion JPEG over HTTP, each as soon as its last byte has come.
final class PictureReader {
    private static let chunk: Int32 = 64 << 10
    /// A stream that has no picture within so many bytes is none.
    private static let searchLimit = 1 << 20

    private let input: UnsafeMutablePointer<AVIOContext>
    private var storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    private var count = 0
    private var scanner = PictureScanner()
    private var skipped = 0
    /// A picture that was read to see what the stream is.
    private var first: PictureScanner.Picture?

    /// Creates a reader of an open connection.
    init(_ input: UnsafeMutablePointer<AVIOContext>) {
        self.input = input
    }

    deinit {
        storage.deallocate()
    }

    /// Waits for the first picture, which `next` returns once more.
    ///
    /// - Returns: Its track; the error number of libavformat in `failure` otherwise.
    func describe() -> (track: VideoTrack?, failure: Int32) {
        let (picture, failure) = read()
        first = picture
        let track = picture.map {
            var track = VideoTrack(codec: .mjpeg, width: $0.width, height: $0.height)
            track.hasTimestamp = false
            return track
        }
        return (track, failure)
    }

    /// Waits for the next picture.
    ///
    /// - Returns: Its bytes, which last until the next call; nil and the error number of libavformat otherwise.
    func next() -> (bytes: UnsafeRawBufferPointer?, failure: Int32) {
        if let picture = first {
            first = nil
            return (UnsafeRawBufferPointer(rebasing: storage[picture.range]), 0)
        }
        let (picture, failure) = read()
        return (picture.map { UnsafeRawBufferPointer(rebasing: storage[$0.range]) }, failure)
    }

    private func read() -> (PictureScanner.Picture?, Int32) {
        makeRoom()
        while true {
            if let picture = scanner.next(in: UnsafeRawBufferPointer(rebasing: storage[..<count])) {
                skipped = 0
                return (picture, 0)
            }
            makeRoom()
            guard skipped < Self.searchLimit, count < MediaPacket.sizeLimit else {
                return (nil, Int32(OBSERVER_INVALID_DATA))
            }
            let target = storage.baseAddress?.advanced(by: count).assumingMemoryBound(to: UInt8.self)
            let got = avio_read_partial(input, target, min(Self.chunk, Int32(storage.count - count)))
            guard got > 0 else { return (nil, got < 0 ? got : Int32(OBSERVER_EOF)) }
            count += Int(got)
        }
    }

    /// Forgets what is not needed any more, and grows where a picture is large.
    private func makeRoom() {
        let gone = min(scanner.neededFrom, count)
        if gone > 0 {
            storage.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[gone..<count]))
            count -= gone
            skipped += gone
            scanner.drop(gone)
        }
        guard storage.count - count < Int(Self.chunk) else { return }
        let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * storage.count, alignment: 16)
        grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
        storage.deallocate()
        storage = grown
    }
}
