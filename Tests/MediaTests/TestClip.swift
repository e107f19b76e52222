import TemporaryFolders
import CLibAV
import Glibc
import MP4
import Testing

@testable import LibraryMedia
@testable import Media

/// A clip that ffmpeg makes, read packet by packet with libavformat.
struct TestClip {
    let path: String
    private let folder = TemporaryFolder()

    static let isPossible = access("/usr/bin/ffmpeg", X_OK) == 0

    /// Creates a clip of `seconds` at 320x180 and 25 frames a second, each frame different from all others.
    init(_ options: String, format: String, seconds: Int = 16, audio: String? = nil) throws {
        path = "\(folder.path)/clip.\(format)"
        let rate = audio == "libopus" ? 48_000 : 44_100
        let sound = audio == nil ? "" : "-f lavfi -i sine=frequency=440:sample_rate=\(rate)"
        let output = try Self.run(
            "ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=320x180:rate=25 \(sound) -t \(seconds) -pix_fmt yuv420p"
                + " \(options) \(audio.map { "-c:a \($0)" } ?? "") -y \(path)"
        )
        #expect(output == "", "\(output)")
    }

    func remove() { folder.remove() }

    /// Runs a command and returns everything it prints.
    static func run(_ command: String) throws -> String {
        let pipe = try #require(popen(command + " 2>&1", "r"))
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { text += chunk.prefix(count) }
        pclose(pipe)
        return String(decoding: text, as: UTF8.self)
    }

    /// A frame as ffmpeg decodes it: when it is shown, in ticks of its track, and the MD5 of its pixels.
    struct Decoded: Hashable {
        var presentation: Int64
        var hash: String
    }

    /// Decodes a file alone; complaints of the decoder fail the test.
    static func decode(_ path: String, _ track: String = "v", copy: Bool = false) throws -> [Decoded] {
        let text = try run(
            "ffmpeg -nostdin -v warning -i \(path) -map 0:\(track) \(copy ? "-c copy" : "-fps_mode passthrough -enc_time_base 1:90000") -copyts -f framemd5 -"
        )
        return text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#") else { return nil }
            let fields = line.split(separator: ",").map { $0.drop { $0 == " " } }
            guard fields.count >= 6, let time = Int64(fields[2]) else {
                Issue.record("\(path): \(line)")
                return nil
            }
            return Decoded(presentation: time, hash: String(fields[5]))
        }
    }

    /// Reads the clip and records it; `change` may alter what the source says of the times of each frame of video.
    func record(seconds: Double = 2, change: (inout MediaPacket, Int) -> Void = { _, _ in }) throws -> TestRecording {
        var opened: UnsafeMutablePointer<AVFormatContext>?
        try #require(avformat_open_input(&opened, path, nil, nil) >= 0)
        defer { avformat_close_input(&opened) }
        let context = try #require(opened)
        try #require(avformat_find_stream_info(context, nil) >= 0)
        var selector = TrackSelector(wantsAudio: true)
        for index in 0..<Int(context.pointee.nb_streams) {
            if let stream = context.pointee.streams[index] { selector.look(stream) }
        }
        let video = try #require(selector.video)
        let recording = TestRecording()
        let streams = StreamDescription(video: video.track, audio: selector.audio?.track)
        let segmenter = RunSegmenter(streams, seconds: seconds) { recording.take($0) }
        var packet = av_packet_alloc()
        defer { av_packet_free(&packet) }
        let read = try #require(packet)
        var number = 0
        while av_read_frame(context, read) >= 0 {
            defer { av_packet_unref(read) }
            let isVideo = read.pointee.stream_index == video.stream.pointee.index
            guard isVideo || read.pointee.stream_index == selector.audio?.stream.pointee.index else { continue }
            var made = Self.packet(read, of: isVideo ? video.stream : selector.audio?.stream, selector)
            if isVideo {
                change(&made, number)
                number += 1
            }
            try segmenter.take(made, arrival: Int64(number) * 40_000_000, wallClock: Int64(number) * 40_000)
        }
        segmenter.end(.stopped)
        return recording
    }

    private static func packet(
        _ read: UnsafeMutablePointer<AVPacket>,
        of stream: UnsafeMutablePointer<AVStream>?,
        _ selector: TrackSelector
    ) -> MediaPacket {
        let isVideo = stream == selector.video?.stream
        let ticks = isVideo ? 90_000 : Int32(clamping: selector.audio?.track.sampleRate ?? 1)
        func time(_ value: Int64) -> Int64? {
            guard let base = stream?.pointee.time_base, value != .min else { return nil }
            return av_rescale_q(value, base, AVRational(num: 1, den: ticks))
        }
        let bytes = UnsafeRawBufferPointer(start: read.pointee.data, count: Int(read.pointee.size))
        return MediaPacket(
            track: isVideo ? .video : .audio,
            decodeTime: time(read.pointee.dts),
            presentationTime: time(read.pointee.pts),
            duration: time(read.pointee.duration) ?? 0,
            isKey: read.pointee.flags & AV_PKT_FLAG_KEY != 0,
            bytes: isVideo || selector.audio?.isADTS != true ? bytes : ADTS.strip(bytes) ?? bytes
        )
    }
}

extension TestRecording {
    /// The frames of all segments, each decoded alone.
    func decode(_ track: String = "v", copy: Bool = false) throws -> [[TestClip.Decoded]] {
        try pieces.map { piece in
            let folder = TemporaryFolder()
            defer { folder.remove() }
            let path = folder.path + "/piece.mp4"
            let file = try #require(fopen(path, "w"))
            fwrite(piece.bytes, 1, piece.bytes.count, file)
            fclose(file)
            return try TestClip.decode(path, track, copy: copy)
        }
    }
}
