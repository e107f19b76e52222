import Encodings
import RTSP
import SeededNumbers
import Testing

@testable import Media

/// Streams of real encoders over RTP: what ffmpeg decodes from the segments is what it decodes from the clip.
@Suite(.enabled(if: TestClip.isPossible), .timeLimit(.minutes(5)), .serialized)
struct CameraReaderTests {
    /// A kind of stream.
    struct Way: CustomTestStringConvertible, Sendable {
        var name: String
        var codec: VideoCodec
        var options: String
        /// True if the session description has the parameter sets, and not the stream.
        var describesSets = false

        var testDescription: String { name }
    }

    private static let h264 = "-c:v libx264 -preset ultrafast -g 25 -sc_threshold 0"
    private static let h264B = "-c:v libx264 -preset veryfast -g 25 -sc_threshold 0 -bf 3 -x264-params b-pyramid=normal"
    private static let h265 =
        "-c:v libx265 -preset ultrafast -x265-params log-level=error:open-gop=0:keyint=25:min-keyint=25:scenecut=0"

    static let ways = [
        Way(name: "H.264", codec: .h264, options: h264),
        Way(name: "H.264, sets in the description", codec: .h264, options: h264, describesSets: true),
        Way(name: "H.264 in slices", codec: .h264, options: h264 + " -slices 4"),
        Way(name: "H.264 with B-frames", codec: .h264, options: h264B),
        Way(name: "H.265", codec: .h265, options: h265 + ":bframes=0"),
        Way(name: "H.265 with B-frames, sets in the description", codec: .h265, options: h265, describesSets: true),
    ]

    private static func reader(wantsAudio: Bool = false) throws -> CameraReader {
        let url = try #require(RTSPURL("rtsp://camera/live"))
        let configuration = RTSPConfiguration(url: url, credentials: nil, hash: { _, _ in [] })
        return CameraReader(configuration, wantsAudio: wantsAudio)
    }

    /// Plays a clip to a reader, in pieces as the network may bring them.
    private static func record(_ camera: inout RTPCamera, way: Way, seed: UInt64) throws -> TestRecording {
        var generator = SeededGenerator(seed: seed)
        let reader = try Self.reader()
        let recording = TestRecording()
        var segmenter: RunSegmenter?
        let description = camera.description(withSets: way.describesSets)
        var rest: [UInt8] = []
        func receive(_ bytes: [UInt8], now: Int64) throws {
            rest += bytes
            let buffer = rest
            let done = try buffer.withUnsafeBytes { raw in
                try reader.receive(raw, now: now, wallClock: now / 1000)
            }
            rest.removeFirst(done)
        }
        try reader.begin(now: 0)
        while reader.isOpening {
            for case .opened(let streams) in reader.takeEvents() {
                let made = RunSegmenter(streams, seconds: 2) { recording.take($0) }
                segmenter = made
                reader.record(into: made)
            }
            let request = String(decoding: reader.takeOutput(), as: UTF8.self)
            try #require(!request.isEmpty)
            try receive(Array(RTPCamera.answer(request, description: description).utf8), now: 0)
        }
        for index in camera.frames.indices {
            var bytes = camera.packets(of: index, withSets: !way.describesSets)[...]
            let now = Int64(index + 1) * 40_000_000
            while !bytes.isEmpty {
                let count = min(bytes.count, Int.random(in: 1...6000, using: &generator))
                try receive(Array(bytes.prefix(count)), now: now)
                bytes = bytes.dropFirst(count)
            }
        }
        reader.end(now: Int64(camera.frames.count + 1) * 40_000_000)
        segmenter?.end(.stopped)
        return recording
    }

    @Test(arguments: ways)
    func `frames from packets are those of the clip, across cuts and pieces of the network`(way: Way) throws {
        let clip = try TestClip(way.options, format: "ts")
        defer { clip.remove() }
        var camera = try RTPCamera(clip, codec: way.codec)
        let recording = try Self.record(&camera, way: way, seed: 7)
        let decoded = try recording.decode()
        let source = try TestClip.decode(clip.path)
        #expect(recording.pieces.count >= 7)
        #expect(decoded.flatMap { $0 }.map(\.hash) == source.map(\.hash))
        let times = decoded.flatMap { $0 }.map(\.presentation)
        #expect(zip(times, times.dropFirst()).allSatisfy { abs($1 - $0 - 3600) <= 90 }, "\(times.prefix(20))")
        #expect(recording.pieces.allSatisfy { $0.end?.flags == [] })
        #expect(recording.pieces.allSatisfy { $0.begin.streams.video.width == 320 })
    }

    @Test func `a stream that stops coming is reported after ten seconds`() throws {
        let clip = try TestClip(Self.h264, format: "ts", seconds: 2)
        defer { clip.remove() }
        let camera = try RTPCamera(clip, codec: .h264)
        let reader = try Self.reader()
        try reader.begin(now: 0)
        while reader.isOpening {
            let request = String(decoding: reader.takeOutput(), as: UTF8.self)
            let answer = RTPCamera.answer(request, description: camera.description(withSets: true))
            _ = try Array(answer.utf8).withUnsafeBytes { bytes in try reader.receive(bytes, now: 0, wallClock: 0) }
        }
        try reader.advance(to: 9_900_000_000, wallClock: 0)
        let error = #expect(throws: MediaError.self) { try reader.advance(to: 10_000_000_000, wallClock: 0) }
        #expect(error?.kind == .stalled)
    }

    @Test func `a stream of packets that make no frame is bad, and costs no memory`() throws {
        let reader = try Self.reader()
        try reader.begin(now: 0)
        while reader.isOpening {
            for case .opened(let streams) in reader.takeEvents() {
                reader.record(into: RunSegmenter(streams, seconds: 2) { _ in Issue.record("something was recorded") })
            }
            let request = String(decoding: reader.takeOutput(), as: UTF8.self)
            let answer = RTPCamera.answer(request, description: "v=0\r\ns=x\r\n" + Self.h264Track)
            _ = try Array(answer.utf8).withUnsafeBytes { bytes in try reader.receive(bytes, now: 0, wallClock: 0) }
        }
        // Headers alone, and middles of fragments, with numbers that jump.
        var flood: [UInt8] = []
        for number in 0..<1000 {
            let packet = [0x80, 96, UInt8(number * 40 & 0xFF), UInt8(number & 0xFF)] + [UInt8](repeating: 0, count: 8)
            let payload: [UInt8] = number.isMultiple(of: 2) ? [] : [0x7C, 0x05] + [UInt8](repeating: 1, count: 500)
            flood += [UInt8(ascii: "$"), 0, UInt8((12 + payload.count) >> 8), UInt8((12 + payload.count) & 0xFF)]
            flood += packet + payload
        }
        let error = #expect(throws: MediaError.self) {
            for turn in 1...110 {
                let now = Int64(turn) * 100_000_000
                _ = try flood.withUnsafeBytes { try reader.receive($0, now: now, wallClock: 0) }
                #expect((reader.segmenter?.videoBuffer.count ?? 0) < 1 << 20)
                if now >= reader.deadline { try reader.advance(to: now, wallClock: 0) }
            }
        }
        #expect(error?.kind == .badStream)
    }

    @Test func `a camera that never answers is unreachable after twenty seconds`() throws {
        let reader = try Self.reader()
        try reader.begin(now: 0)
        let error = #expect(throws: MediaError.self) { try reader.advance(to: 20_000_000_000, wallClock: 0) }
        #expect(error?.kind == .unreachable)
    }

    private static let h264Track = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"

    @Test(arguments: [
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\na=control:track1\r\n", "MP4V-ES over RTP"),
        (h264Track + "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/16000\r\n", "MP4A-LATM over RTP"),
    ])
    func `what needs a library is left to one`(tracks: String, reason: String) throws {
        let reader = try Self.reader(wantsAudio: true)
        try reader.begin(now: 0)
        var foreign: String?
        while reader.isOpening, foreign == nil {
            let request = String(decoding: reader.takeOutput(), as: UTF8.self)
            let answer = RTPCamera.answer(request, description: "v=0\r\ns=x\r\n" + tracks)
            _ = try Array(answer.utf8).withUnsafeBytes { bytes in try reader.receive(bytes, now: 0, wallClock: 0) }
            for case .foreign(let detail) in reader.takeEvents() { foreign = detail }
        }
        #expect(foreign == reason)
    }
}
