import Glibc
import Lifecycle
import Logging
import MP4
import Media
import ObserverConfiguration
import ObserverCore
import RTSP
import System
import Testing

@testable import ObserverCapture

/// G.711 of a camera that is read natively, encoded beside it.
@Suite(.enabled(if: CameraSimulator.isPossible && MediaPrograms.isBuilt), .timeLimit(.minutes(3)))
struct EncodedAudioTests {
    let simulator: CameraSimulator
    let programs: MediaPrograms

    init() throws {
        simulator = try CameraSimulator.shared.get()
        programs = try MediaPrograms()
    }

    /// Records until so many frames came; `onRead` is told their number so far and the process of the encoder.
    private func record(
        _ name: String,
        frames: Int,
        onRead: (Int, Int32?) -> Void = { (_, _) in }
    ) throws -> (CaptureStreamTests.Take, RunSegmenter) {
        let take = CaptureStreamTests.Take()
        let connection = CameraConnection(
            CameraConnection.Options(
                url: try #require(RTSPURL(simulator.camera(name))),
                transport: .tcp,
                wantsAudio: true
            ),
            resolver: CameraResolver(policy: try NetworkPolicy(parsing: "127.0.0.0/8")),
            processes: programs.processes,
            clock: .ofMachine(),
            loop: programs.loop,
            logger: Logger(label: "test", level: .error)
        )
        defer { connection.closeNow() }
        var made: RunSegmenter?
        try connection.openNow { streams in
            take.streams = streams
            let segmenter = RunSegmenter(streams, seconds: 2) { CaptureStreamTests.collect($0, take) }
            made = segmenter
            return segmenter
        }
        let segmenter = try #require(made)
        while segmenter.frames < frames {
            onRead(segmenter.frames, connection.encoding?.identifier)
            try connection.read()
        }
        take.videoPackets = segmenter.frames
        segmenter.end(.stopped)
        return (take, segmenter)
    }

    private func expectAllFrames(_ take: CaptureStreamTests.Take) throws {
        #expect(take.summaries.count == take.pieces.count && take.pieces.count >= 6)
        let counters = take.pieces.flatMap { CameraSimulator.counters(in: $0.bytes) }
        let first = try #require(counters.first)
        #expect(counters == Array(first..<first + take.videoPackets))
    }

    /// All segments as one film, in a file.
    private func film(_ take: CaptureStreamTests.Take) throws -> String {
        let path = "\(simulator.folder)/film-\(UInt64.random(in: 0 ... .max)).mp4"
        let first = try #require(take.pieces.first)
        let bytes = first.bytes + take.pieces.dropFirst().flatMap { $0.bytes.dropFirst($0.initBytes) }
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        #expect(write(file, bytes, bytes.count) == bytes.count)
        close(file)
        return path
    }

    /// The moments at which a tone begins, in seconds of the film.
    private func tones(_ path: String) -> [Double] {
        let output = CameraSimulator.shell(
            "ffmpeg -nostdin -hide_banner -copyts -i \(path) -vn -af silencedetect=n=-40dB:d=0.5 -f null -"
        ).output
        return output.split(separator: "\n").compactMap { line in
            line.firstRange(of: "silence_end: ").flatMap { Double(line[$0.upperBound...].prefix { $0 != " " }) }
        }
    }

    @Test func `G.711 is heard as AAC with the frames it belongs to, and no frame is lost over seven cuts`() throws {
        let (take, _) = try record("voice-a", frames: 400)
        try expectAllFrames(take)
        #expect(take.pieces.allSatisfy { $0.flags.isEmpty })
        #expect(take.summaries.allSatisfy { $0.codecs.hasSuffix(",mp4a.40.2") })
        let path = try film(take)
        defer { unlink(path) }
        let counters = take.pieces.flatMap { CameraSimulator.counters(in: $0.bytes) }
        let start = Double(try #require(take.summaries.first).mediaStart90k) / 90_000
        let expected = counters.indices.filter { counters[$0] % 50 == 0 }.map { start + Double($0) / 25 }
        let heard = tones(path)
        #expect(heard.count >= expected.count - 2 && heard.count > 4)
        // A silence at the end of the file ends there without a tone.
        let end = start + Double(take.videoPackets) / 25
        for tone in heard where tone > start + 1 && tone < end - 0.5 {
            #expect(expected.contains { abs($0 - tone) < 0.08 }, "\(tone) is none of \(expected)")
        }
    }

    @Test func `an encoder that is killed costs audio alone, and another one follows`() throws {
        var killed = 0
        let (take, segmenter) = try record("voice-killed", frames: 500) { (frames, process) in
            guard frames > 100, killed == 0, let process else { return }
            kill(process, SIGKILL)
            killed = frames
        }
        #expect(killed > 0)
        try expectAllFrames(take)
        #expect(take.pieces.contains { $0.flags.contains(.audioDropped) })
        #expect(take.pieces.last?.flags.contains(.audioDropped) == false)
        #expect(segmenter.streams.notes.isEmpty)
        let path = try film(take)
        defer { unlink(path) }
        #expect(tones(path).contains { $0 > 17 }, "no tone after the new encoder began")
    }

    @Test func `sound that stops, or never comes, does not stop the video`() throws {
        simulator.fault("voice-mute", "mute")
        let (take, _) = try record("voice-mute", frames: 350)
        try expectAllFrames(take)
        var isMuted = false
        let (second, _) = try record("voice-stops", frames: 350) { (frames, _) in
            guard frames > 100, !isMuted else { return }
            isMuted = true
            simulator.fault("voice-stops", "mute")
        }
        try expectAllFrames(second)
    }

    @Test func `G.711 in a file is encoded where it is read`() throws {
        var stream = LibraryStream(address: simulator.file("clip.mkv"))
        stream.wantsAudio = true
        let take = programs.record(try programs.source(stream))
        #expect(take.videoPackets == 400 && take.streams?.audio?.codec == .aac && take.streams?.notes.isEmpty == true)
        let path = try film(take)
        defer { unlink(path) }
        let packets = CameraSimulator.packets(path)
        #expect(packets.video == 400)
        // 16 s of 8 kHz in frames of 1024 samples.
        #expect((122...126).contains(packets.audio), "\(packets.audio)")
        let volume = CameraSimulator.shell("ffmpeg -nostdin -hide_banner -i \(path) -vn -af volumedetect -f null -")
            .output
        #expect(volume.contains("max_volume: -1"), "\(volume)")
    }
}
