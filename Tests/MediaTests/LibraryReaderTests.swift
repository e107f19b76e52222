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

    // MARK: Playlists

    private static let playlist = {
        var streams = mjpeg
        streams.isPlaylist = true
        return streams
    }()

    /// Reads frames over a connection of its own; returns how many of them were recorded.
    private static func record(
        _ frames: some Sequence<Int64>,
        of streams: StreamDescription = playlist,
        memory: inout PlaylistMemory
    ) -> Int {
        let reader = LibraryReader(LibraryStream(address: "http://x/"), memory: memory, now: 0)
        let segmenter = RunSegmenter(streams, seconds: 2) { _ in }
        #expect(take(LibraryReply.opened(streams).bytes, reader, into: segmenter) == nil)
        for (count, number) in frames.enumerated() {
            let now = Int64(count) * second / 25
            #expect(take(frame(number, arrival: now), reader, at: now, into: segmenter) == nil)
        }
        memory = reader.memory
        return segmenter.frames
    }

    @Test func `what a playlist sends again after a reconnect is recorded once`() {
        var memory = PlaylistMemory()
        #expect(Self.record(0..<100, memory: &memory) == 100)
        // The segment that was read last, and the next.
        #expect(Self.record(50..<150, memory: &memory) == 50)
        // Nothing new yet, twice.
        #expect(Self.record(100..<150, memory: &memory) == 0)
        #expect(Self.record(100..<150, memory: &memory) == 0)
        // Segments were missed.
        #expect(Self.record(500..<550, memory: &memory) == 50)
    }

    @Test func `a playlist that begins anew with what it had is recorded from where it is new`() {
        var memory = PlaylistMemory()
        #expect(Self.record(0..<100, memory: &memory) == 100)
        #expect(Self.record(Array(20..<200) + Array(0..<50), memory: &memory) == 150)
        #expect(Self.record(Array(150..<200) + Array(150..<200), memory: &memory) == 50)
    }

    @Test func `other streams are recorded whatever they repeat`() {
        var memory = PlaylistMemory()
        #expect(Self.record(0..<100, of: Self.mjpeg, memory: &memory) == 100)
        #expect(Self.record(50..<150, of: Self.mjpeg, memory: &memory) == 100)
    }

    @Test func `no more of a playlist is remembered than its last minute or two`() {
        var memory = PlaylistMemory()
        #expect(Self.record(0..<20_000, memory: &memory) == 20_000)
        #expect(Self.record(19_900..<20_000, memory: &memory) == 0)
        #expect(Self.record(10_000..<10_100, memory: &memory) == 100)
    }
}
