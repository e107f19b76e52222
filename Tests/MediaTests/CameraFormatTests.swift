import CLibAV
import RTSP
import Testing

@testable import Media

/// Cameras of Motion JPEG and MPEG audio, whose descriptions tell neither sizes nor rates.
@Suite(.enabled(if: TestClip.isPossible), .timeLimit(.minutes(5)), .serialized)
struct CameraFormatTests {
    private static let description =
        "v=0\r\ns=x\r\nm=video 0 RTP/AVP 26\r\na=control:track1\r\nm=audio 0 RTP/AVP 14\r\na=control:track2\r\n"

    /// The outcome of a stream.
    private final class Result {
        let recording = TestRecording()
        var streams: [StreamDescription] = []
    }

    /// A packet on a channel of the connection.
    private struct Piece {
        var channel: UInt8
        var bytes: [UInt8]
        /// In milliseconds.
        var time: Int64
    }

    /// Plays packets to a reader, each when its frame was made.
    private static func record(_ pieces: [Piece]) throws -> Result {
        let url = try #require(RTSPURL("rtsp://camera/live"))
        let reader = CameraReader(RTSPConfiguration(url: url, credentials: nil, hash: { _, _ in [] }), wantsAudio: true)
        let result = Result()
        var segmenter: RunSegmenter?
        func takeEvents() {
            for case .opened(let streams) in reader.takeEvents() {
                result.streams.append(streams)
                let made = RunSegmenter(streams, seconds: 2) { result.recording.take($0) }
                segmenter = made
                reader.record(into: made)
            }
        }
        var rest: [UInt8] = []
        func receive(_ bytes: [UInt8], now: Int64) throws {
            rest += bytes
            let buffer = rest
            let done = try buffer.withUnsafeBytes { try reader.receive($0, now: now, wallClock: now / 1000) }
            rest.removeFirst(done)
            if now >= reader.deadline { try reader.advance(to: now, wallClock: now / 1000) }
            takeEvents()
        }
        try reader.begin(now: 0)
        while reader.isOpening {
            let request = String(decoding: reader.takeOutput(), as: UTF8.self)
            try #require(!request.isEmpty)
            try receive(Array(RTPCamera.answer(request, description: description).utf8), now: 0)
        }
        for piece in pieces {
            let count = piece.bytes.count
            let head = [UInt8(ascii: "$"), piece.channel, UInt8(count >> 8), UInt8(count & 0xFF)]
            try receive(head + piece.bytes, now: piece.time * 1_000_000)
        }
        reader.end(now: (pieces.last?.time ?? 0) * 1_000_000)
        segmenter?.end(.stopped)
        return result
    }

    private static func pieces(_ oracle: RTPOracle, channel: UInt8) -> [Piece] {
        oracle.packets.map { Piece(channel: channel, bytes: $0.bytes, time: oracle.frames[$0.frame].time + 40) }
    }

    private static let video = "-c:v mjpeg -huffman default -q:v 5"

    @Test func `pictures and MP3 are recorded, none lost, from the first on`() throws {
        let clip = try TestClip("-vf scale=320:176 " + Self.video, format: "mkv", audio: "libmp3lame")
        defer { clip.remove() }
        let video = try RTPOracle(clip.path, AVMEDIA_TYPE_VIDEO), audio = try RTPOracle(clip.path, AVMEDIA_TYPE_AUDIO)
        let both = Self.pieces(video, channel: 0) + Self.pieces(audio, channel: 2)
        let result = try Self.record(both.sorted { $0.time < $1.time })
        #expect(result.streams.map(\.audio?.sampleRate) == [44_100])
        #expect(result.streams.first?.notes == [])
        #expect(result.recording.pieces.count >= 7)
        #expect(result.recording.pieces.allSatisfy { $0.begin.codecs == "mp4v.6C,mp4a.6B" })
        #expect(result.recording.pieces.allSatisfy { $0.end?.flags == [] })
        let decoded = try result.recording.decode().flatMap { $0 }
        #expect(decoded.map(\.hash) == (try TestClip.decode(clip.path)).map(\.hash))
        let times = decoded.map(\.presentation)
        #expect(zip(times, times.dropFirst()).allSatisfy { abs($1 - $0 - 3600) <= 90 }, "\(times.prefix(20))")
        let heard = try result.recording.decode("a", copy: true).flatMap { $0 }
        let spoken = try TestClip.decode(clip.path, "a", copy: true)
        #expect(heard.count >= spoken.count - 3)
        let isSame = heard.map(\.hash) == Array(spoken.map(\.hash).prefix(heard.count))
        #expect(isSame)
    }

    @Test func `a segment begins where the size changes`() throws {
        let small = try TestClip("-vf scale=320:176 " + Self.video, format: "mkv", seconds: 4)
        let large = try TestClip("-vf scale=640:352 " + Self.video, format: "mkv", seconds: 4)
        defer { [small, large].forEach { $0.remove() } }
        var pieces = Self.pieces(try RTPOracle(small.path, AVMEDIA_TYPE_VIDEO), channel: 0)
        let first = pieces.count
        for var piece in Self.pieces(try RTPOracle(large.path, AVMEDIA_TYPE_VIDEO), channel: 0) {
            piece.time += 4000
            pieces.append(piece)
        }
        // One camera, whose numbers and times go on.
        let (last, origin) = (pieces[first - 1].bytes, Self.time(pieces[first].bytes))
        for index in first..<pieces.count {
            let time = Self.time(pieces[index].bytes) &- origin &+ Self.time(last) &+ 3600
            let number = (UInt32(last[2]) << 8 | UInt32(last[3])) + UInt32(index - first + 1)
            let head = [number >> 8, number, time >> 24, time >> 16, time >> 8, time]
            pieces[index].bytes.replaceSubrange(
                2..<12,
                with: head.map { UInt8(truncatingIfNeeded: $0) } + last[8..<12]
            )
        }
        let result = try Self.record(pieces)
        let sizes = result.recording.pieces.map(\.begin.streams.video.width)
        #expect(Set(sizes) == [320, 640] && sizes == sizes.sorted())
        #expect(try result.recording.decode().flatMap { $0 }.count == 200)
    }

    private static func time(_ packet: [UInt8]) -> UInt32 { packet[4..<8].reduce(0) { $0 << 8 | UInt32($1) } }

    @Test(arguments: [false, true])
    func `audio that cannot be recorded or does not come costs no frame`(hasAudio: Bool) throws {
        let clip = try TestClip("-vf scale=320:176 " + Self.video, format: "mkv", seconds: 4, audio: "mp2")
        defer { clip.remove() }
        var pieces = Self.pieces(try RTPOracle(clip.path, AVMEDIA_TYPE_VIDEO), channel: 0)
        if hasAudio { pieces += Self.pieces(try RTPOracle(clip.path, AVMEDIA_TYPE_AUDIO), channel: 2) }
        let result = try Self.record(pieces.sorted { $0.time < $1.time })
        #expect(result.streams.count == 1 && result.streams[0].audio == nil)
        #expect(
            result.streams[0].notes == [
                hasAudio
                    ? "the audio (MPEG audio) was left out: browsers cannot play layer 2"
                    : "the audio (MPEG audio) was left out: none of it came within a second"
            ]
        )
        #expect(try result.recording.decode().flatMap { $0 }.count == 100)
    }
}
