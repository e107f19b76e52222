import MP4
import Testing

@testable import Media

/// Frames that leave as they come, held against what is recorded.
@Suite struct FramePartTests {
    /// A segmenter of Motion JPEG, in which each frame can be decoded alone, and what came out of it.
    private final class Bench {
        var fragments: [[UInt8]] = []
        var head: [UInt8] = []
        var parts: [FramePart] = []
        private(set) lazy var segmenter = RunSegmenter(
            StreamDescription(
                video: VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: 25),
                audio: AudioTrack(codec: .mp3, sampleRate: 48_000, channels: 1)
            ),
            seconds: 60
        ) { [unowned self] output in
            switch output {
            case .began(let begin): head = begin.initSection.withUnsafeBytes { Array($0) }
            case .fragment(let part): fragments.append(part.fragment.bytes.withUnsafeBytes { Array($0) })
            case .ended: break
            }
        }

        func take(frame index: Int64) {
            take(.video, [0xFF, 0xD8, UInt8(index & 0xFF), 0xFF, 0xD9], time: index * 3600, at: index * 40_000_000)
        }

        func take(audio index: Int64) {
            take(.audio, [0xFF, 0xFB, UInt8(index & 0xFF)], time: index * 1152, at: index * 24_000_000)
        }

        private func take(_ track: MediaPacket.Track, _ bytes: [UInt8], time: Int64, at arrival: Int64) {
            bytes.withUnsafeBytes { bytes in
                do throws(MediaError) {
                    let packet = MediaPacket(
                        track: track,
                        decodeTime: time,
                        presentationTime: time,
                        isKey: true,
                        bytes: bytes
                    )
                    try segmenter.take(packet, arrival: arrival, wallClock: arrival / 1000)
                } catch {
                    Issue.record(error)
                }
            }
        }

        func inspect(_ bytes: [UInt8]) throws -> FragmentedMP4.Summary {
            let summary = try FragmentedMP4.inspect(bytes: head + bytes)
            #expect(summary.completeBytes == Int64(head.count + bytes.count))
            return summary
        }
    }

    @Test func `each frame leaves when it is complete, and all of them make the stream that is recorded`() throws {
        let bench = Bench()
        bench.segmenter.watch { [unowned bench] in bench.parts.append($0) }
        for index: Int64 in 0..<100 {
            bench.take(frame: index)
            #expect(bench.parts.count == Int(index) + 1)
        }
        bench.segmenter.end(.stopped)
        #expect(bench.parts.allSatisfy { $0.kind == .idr })
        let watched = try bench.inspect(bench.parts.flatMap(\.bytes))
        let recorded = try bench.inspect(bench.fragments.flatMap { $0 })
        #expect(watched.frames == 100 && recorded.frames == 100 && watched.fragments == 100)
        #expect(watched.mediaStart90k == recorded.mediaStart90k)
        #expect(watched.mediaDuration90k == recorded.mediaDuration90k)
    }

    @Test func `fragments of the file, the frames since then and those that follow fit together`() throws {
        for joined: Int64 in [1, 7, 18, 19, 40, 63] {
            let bench = Bench()
            for index in 0..<joined { bench.take(frame: index) }
            let before = bench.fragments.flatMap { $0 }
            bench.segmenter.watch { [unowned bench] in bench.parts.append($0) }
            let present = try #require(bench.segmenter.presentFragment())
            for index in joined..<joined + 50 { bench.take(frame: index) }
            let bytes = before + present.bytes + bench.parts.flatMap(\.bytes)
            let summary = try bench.inspect(bytes)
            #expect(summary.frames == Int(joined) + 50)
            #expect(summary.mediaDuration90k == (joined + 50) * 3600)
            bench.segmenter.end(.stopped)
        }
    }

    @Test func `audio goes with the next frame, or by itself if none comes, and nobody gets it twice`() throws {
        let bench = Bench()
        bench.take(frame: 0)
        bench.segmenter.watch { [unowned bench] in bench.parts.append($0) }
        for index: Int64 in 1...2 { bench.take(audio: index) }
        #expect(bench.parts.isEmpty)
        bench.take(frame: 1)
        #expect(bench.parts.map { $0.kind == nil } == [true, false])
        for index: Int64 in 3...9 { bench.take(audio: index) }
        #expect(bench.parts.count == 3 && bench.parts[2].kind == nil)
        bench.take(audio: 10)
        let present = try #require(bench.segmenter.presentFragment())
        #expect(bench.parts.filter { $0.kind == nil }.count == 3)
        #expect(bench.segmenter.presentHasAudio)
        #expect(try bench.inspect(present.bytes).frames == 2)
        let sounds = bench.parts.filter { $0.kind == nil }.flatMap(\.bytes)
        // Each piece has its number behind its head.
        for index: UInt8 in 1...10 {
            let places = sounds.indices.dropLast(2).filter { Array(sounds[$0..<$0 + 3]) == [0xFF, 0xFB, index] }
            #expect(places.count == 1)
        }
    }

    @Test func `while nobody watches no part is made`() {
        let bench = Bench()
        bench.segmenter.watch { [unowned bench] in bench.parts.append($0) }
        bench.take(frame: 0)
        bench.segmenter.watch(nil)
        bench.take(frame: 1)
        #expect(bench.parts.count == 1 && !bench.segmenter.isWatched)
    }

    @Test func `a head without audio has the video alone`() throws {
        let bench = Bench()
        #expect(bench.segmenter.videoHead == nil)
        bench.take(frame: 0)
        let head = try #require(bench.segmenter.videoHead)
        let summary = try FragmentedMP4.inspect(bytes: head.bytes.withUnsafeBytes { Array($0) })
        #expect(!summary.hasAudio && summary.codecs == head.codecs && summary.width == 64)
    }
}
