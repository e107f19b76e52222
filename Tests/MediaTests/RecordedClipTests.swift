import MP4
import Testing

@testable import Media

/// Streams of real encoders: what ffmpeg decodes from the segments is what it decodes from the clip, frame by frame.
@Suite(.enabled(if: TestClip.isPossible), .timeLimit(.minutes(5)), .serialized)
struct RecordedClipTests {
    /// A way to make a stream.
    struct Way: CustomTestStringConvertible, Sendable {
        var name: String
        var options: String
        var format: String
        var codec: String
        var audio: String?

        var testDescription: String { name }
    }

    private static let h264 = "-c:v libx264 -preset ultrafast -g 25 -sc_threshold 0"
    private static let h264B = "-c:v libx264 -preset veryfast -g 25 -sc_threshold 0 -bf 3 -x264-params b-pyramid=normal"
    private static let h265 =
        "-c:v libx265 -preset ultrafast -x265-params log-level=error:open-gop=0:keyint=25:min-keyint=25:scenecut=0"
    private static let slices = "-c:v libx264 -preset ultrafast -g 25 -slices 4 -sc_threshold 0"

    static let ways = [
        Way(name: "H.264, start codes, AAC", options: h264, format: "ts", codec: "avc1.", audio: "aac"),
        Way(name: "H.264, lengths, AAC", options: h264, format: "mp4", codec: "avc1.", audio: "aac"),
        Way(name: "H.264 in slices", options: slices, format: "ts", codec: "avc1."),
        Way(name: "H.264 with B-frames, start codes", options: h264B, format: "ts", codec: "avc1."),
        Way(name: "H.264 with B-frames, lengths", options: h264B, format: "mp4", codec: "avc1."),
        Way(name: "H.265, start codes", options: h265 + ":bframes=0", format: "ts", codec: "hvc1."),
        Way(name: "H.265 with B-frames, lengths", options: h265, format: "mp4", codec: "hvc1."),
        Way(name: "H.265 with B-frames, start codes, AAC", options: h265, format: "ts", codec: "hvc1.", audio: "aac"),
        Way(name: "AV1", options: "-c:v libaom-av1 -cpu-used 8 -usage realtime -g 25", format: "mp4", codec: "av01."),
        Way(name: "Motion JPEG, MP3", options: "-c:v mjpeg", format: "mkv", codec: "mp4v.6C", audio: "libmp3lame"),
        Way(name: "MPEG-4 part 2", options: "-c:v mpeg4 -g 25", format: "mp4", codec: "mp4v.20"),
        Way(name: "H.264, Opus", options: h264, format: "mkv", codec: "avc1.", audio: "libopus"),
    ]

    @Test(arguments: ways)
    func `no frame is lost, doubled or out of order across cuts`(way: Way) throws {
        let clip = try TestClip(way.options, format: way.format, audio: way.audio)
        defer { clip.remove() }
        let recording = try clip.record()
        let decoded = try recording.decode()
        let source = try TestClip.decode(clip.path)
        #expect(source.count == 400)
        #expect(recording.pieces.count >= 7)
        #expect(decoded.flatMap { $0 }.map(\.hash) == source.map(\.hash))
        // Shown evenly from the first frame on, through all cuts.
        let times = decoded.flatMap { $0 }.map(\.presentation)
        #expect(zip(times, times.dropFirst()).allSatisfy { abs($1 - $0 - 3600) <= 90 }, "\(times.prefix(20))")
        let shown = try recording.movies().flatMap(\.video).map(\.presentation)
        #expect(shown.first == RunSegmenter.origin90k && shown.min() == shown.first)
        for piece in recording.pieces {
            #expect(piece.begin.codecs.hasPrefix(way.codec))
            #expect(piece.end?.flags == [])
            let summary = try FragmentedMP4.inspect(bytes: piece.bytes)
            #expect(summary.codecs == piece.begin.codecs && summary.completeBytes == Int64(piece.bytes.count))
            #expect(summary.width == 320 && summary.height == 180)
            #expect(piece.begin.initSection.count == recording.pieces[0].begin.initSection.count)
        }
        guard way.audio != nil else { return }
        let heard = try recording.decode("a", copy: true).flatMap { $0 }
        let spoken = try TestClip.decode(clip.path, "a", copy: true)
        #expect(heard.count >= spoken.count - 3 && heard.count <= spoken.count)
        guard way.format != "ts" else { return }
        #expect(heard.map(\.hash) == Array(spoken.map(\.hash).suffix(heard.count)))
    }

    @Test(arguments: [0, 1, 2, 3])
    func `B-frames whose decode times the source leaves out are shown in order from the first on`(kind: Int) throws {
        let clip = try TestClip(Self.h264B, format: "ts")
        defer { clip.remove() }
        var start: Int64?
        let recording = try clip.record { packet, number in
            // None at all, as over RTP; or not those of the first frames. Over RTP libavformat counts from the first frame,
            // which has no time at all.
            if kind == 0 || number < kind { packet.decodeTime = nil }
            if kind == 3 {
                start = start ?? packet.presentationTime ?? 0
                packet.presentationTime = number == 0 ? nil : packet.presentationTime.map { $0 - (start ?? 0) }
                packet.decodeTime = packet.decodeTime.map { $0 - (start ?? 0) }
            }
        }
        let decoded = try recording.decode().flatMap { $0 }
        #expect(decoded.map(\.hash) == (try TestClip.decode(clip.path)).map(\.hash))
        let times = decoded.map(\.presentation)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 3600 }, "\(times.prefix(20))")
        let movies = try recording.movies()
        let samples = movies.flatMap(\.video)
        #expect(samples.allSatisfy { (1800...5400).contains($0.duration) })
        #expect(recording.pieces.allSatisfy { $0.end?.flags == [] })
    }

    @Test func `a stream without key frames is cut by force, and its segments together have all frames`() throws {
        let clip = try TestClip("-c:v libx264 -preset ultrafast -g 10000 -sc_threshold 0", format: "ts", seconds: 30)
        defer { clip.remove() }
        let recording = try clip.record()
        #expect(recording.pieces.count == 8)
        #expect(
            recording.pieces.map { $0.end?.flags.contains(.dependent) } == [false] + [Bool](repeating: true, count: 7)
        )
        #expect(try recording.movies().flatMap(\.video).count == 750)
    }

    @Test func `segments appended to each other are one film`() throws {
        let clip = try TestClip(Self.h264B, format: "ts", audio: "aac")
        defer { clip.remove() }
        let recording = try clip.record()
        let head = recording.pieces[0].begin.initSection.count
        var film = Array(recording.pieces[0].bytes.prefix(head))
        for piece in recording.pieces { film += piece.bytes.dropFirst(head) }
        let joined = TestRecording()
        joined.take(.began(recording.pieces[0].begin))
        joined.append(film.dropFirst(head))
        #expect(try joined.decode()[0].map(\.hash) == TestClip.decode(clip.path).map(\.hash))
        #expect(try FragmentedMP4.inspect(bytes: film).frames == 400)
    }
}
