import Testing

@testable import Media

/// The recorder's side of a camera that `observer-media` reads.
@Suite struct LibraryReaderTests {
    private static let second: Int64 = 1_000_000_000
    private static let mjpeg = StreamDescription(
        video: VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: 25)
    )

    private static func reader() -> LibraryReader { LibraryReader(LibraryStream(address: "http://x/"), now: 0) }

    /// Passes bytes on and records what comes; returns the error.
    private static func take(
        _ bytes: [UInt8],
        _ reader: LibraryReader,
        at now: Int64 = 0,
        into segmenter: RunSegmenter = RunSegmenter(mjpeg, seconds: 2) { _ in }
    ) -> MediaError? {
        var failure: MediaError?
        bytes.withUnsafeBytes { bytes in
            do throws(MediaError) {
                try reader.receive(bytes, now: now, wallClock: now / 1000)
                if reader.streams != nil { try reader.record(into: segmenter, now: now, wallClock: now / 1000) }
            } catch {
                failure = error
            }
        }
        return failure
    }

    private static func frame(_ number: Int64, isVideo: Bool = true, arrival: Int64? = nil) -> [UInt8] {
        let bytes: [UInt8] = [0xFF, 0xD8, UInt8(truncatingIfNeeded: number), 0xFF, 0xD9]
        return bytes.withUnsafeBytes { bytes in
            let packet = MediaPacket(
                track: isVideo ? .video : .audio,
                decodeTime: number * 3600,
                presentationTime: number * 3600,
                isKey: true,
                bytes: bytes
            )
            return LibraryReply.packet(packet, arrival: arrival ?? number * 40_000_000).bytes + Array(bytes)
        }
    }

    @Test func `frames that come together with the description are all recorded`() {
        let reader = Self.reader()
        let segmenter = RunSegmenter(Self.mjpeg, seconds: 2) { _ in }
        var bytes = LibraryReply.opened(Self.mjpeg).bytes
        for number in 0..<100 { bytes += Self.frame(Int64(number)) }
        #expect(Self.take(bytes, reader, at: 4 * Self.second, into: segmenter) == nil)
        #expect(Self.take(Self.frame(100), reader, at: 4 * Self.second, into: segmenter) == nil)
        #expect(segmenter.frames == 101 && reader.receivedBytes == 505 && !reader.hasBrokenDown)
    }

    @Test func `a failure ends the stream with its cause, and is no breakdown`() {
        let reader = Self.reader()
        let error = MediaError(.unauthorized, "no")
        #expect(Self.take(LibraryReply.failed(error).bytes + [0xFF, 0xFF, 0xFF], reader) == error)
        #expect(!reader.hasBrokenDown)
        #expect(Self.take([0xFF, 0xFF], reader) == nil)
        _ = reader.end("exit code 0")
        #expect(!reader.hasBrokenDown)
    }

    @Test(arguments: [
        [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 1, 99], LibraryReply.still([1]).bytes, frame(0),
        LibraryReply.opened(mjpeg).bytes + LibraryReply.opened(mjpeg).bytes,
        LibraryReply.opened(mjpeg).bytes + frame(0, isVideo: false),
        LibraryReply.opened(mjpeg).bytes + LibraryReply.noStill(MediaError(.badStream, "")).bytes,
    ])
    func `what cannot be ends the stream as a breakdown`(bytes: [UInt8]) {
        let reader = Self.reader()
        #expect(Self.take(bytes, reader)?.kind == .badStream)
        #expect(reader.hasBrokenDown)
    }

    @Test func `a process that ends without a word broke down, and the cause is named`() {
        let reader = Self.reader()
        #expect(reader.end("signal 11").detail.contains("(signal 11)"))
        #expect(reader.hasBrokenDown)
    }

    @Test func `a process that says nothing is given up, soonest after its own limits`() {
        let reader = Self.reader()
        #expect(reader.deadline == 17 * Self.second)
        #expect(throws: Never.self) { try reader.advance(to: 17 * Self.second - 1) }
        #expect(Self.take(LibraryReply.opened(Self.mjpeg).bytes, reader, at: 16 * Self.second) == nil)
        #expect(reader.deadline == 61 * Self.second)
        #expect { try reader.advance(to: 61 * Self.second) } throws: { ($0 as? MediaError)?.kind == .stalled }
        #expect(reader.hasBrokenDown)
    }

    @Test(arguments: [Int64.min, .max, -1])
    func `times of arrival that cannot be are put right`(arrival: Int64) {
        let reader = Self.reader()
        let segmenter = RunSegmenter(Self.mjpeg, seconds: 2) { _ in }
        var bytes = LibraryReply.opened(Self.mjpeg).bytes
        for number in 0..<100 { bytes += Self.frame(Int64(number), arrival: arrival) }
        #expect(Self.take(bytes, reader, at: 100 * Self.second, into: segmenter) == nil)
        #expect(segmenter.frames == 100)
    }
}
