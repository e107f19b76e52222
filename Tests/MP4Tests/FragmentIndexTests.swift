import Encodings
import SeededNumbers
import Testing

@testable import MP4

@Suite struct FragmentIndexTests {
    static let origin: Int64 = 90_000

    /// A file of fragments that each have so many frames of `size` bytes at 25 a second, and audio if asked for.
    static func file(fragments: Int, frames: Int = 25, size: Int = 100, audio: Bool = false) throws -> [UInt8] {
        let video = VideoFormat(try #require(InitSectionTests.avc))
        var file = InitSection(video: video, audio: audio ? InitSectionTests.aac : nil).bytes
        var index = FragmentIndex()
        var frame: Int64 = 0
        var heard: Int64 = 0
        for fragment in 0..<fragments {
            for number in 0..<frames {
                index.addFrame(
                    bytes: size,
                    decodeTime: origin + frame * 3600,
                    compositionOffset: 0,
                    duration: 3600,
                    isSync: number == 0
                )
                frame += 1
            }
            while audio, heard * 1024 * 90_000 / 44_100 < frame * 3600 {
                index.addAudio(bytes: 10, decodeTime: heard * 1024, duration: 1024)
                heard += 1
            }
            let wall = 1_700_000_000_000_000 + Int64(fragment) * 1_000_000
            file += index.header(sequence: UInt32(fragment + 1), wallClock: wall)
            file += [UInt8](repeating: 7, count: index.bytes)
            index.removeAll()
        }
        return file
    }

    @Test(arguments: [false, true])
    func `fragments are read back as they were written`(audio: Bool) throws {
        let file = try Self.file(fragments: 4, audio: audio)
        let summary = try FragmentedMP4.inspect(bytes: file)
        #expect(summary.fragments == 4 && summary.frames == 100)
        #expect(summary.mediaStart90k == Self.origin && summary.mediaDuration90k == 4 * 90_000)
        #expect(summary.completeBytes == Int64(file.count))
        #expect(summary.firstWallClock == 1_700_000_000_000_000)
    }

    @Test(arguments: [false, true])
    func `cut at any byte, a file is whole up to its last whole fragment`(audio: Bool) throws {
        let file = try Self.file(fragments: 3, frames: 5, audio: audio)
        let whole = try FragmentedMP4.inspect(bytes: file)
        var ends: Set<Int64> = []
        for length in Int(whole.initBytes)...file.count {
            let summary = try FragmentedMP4.inspect(bytes: Array(file.prefix(length)))
            #expect(summary.completeBytes <= Int64(length))
            #expect(summary.frames == summary.fragments * 5)
            #expect(summary.mediaDuration90k == Int64(summary.frames) * 3600)
            let again = try FragmentedMP4.inspect(bytes: Array(file.prefix(Int(summary.completeBytes))))
            #expect(again == summary)
            ends.insert(summary.completeBytes)
        }
        #expect(ends.count == 4)
    }

    /// The first child of each type on a path of boxes.
    private static func find(_ path: [FourCharacters], in bytes: [UInt8]) -> Box? {
        var boxes = Box.parse(bytes[...])
        for type in path.dropLast() { boxes = boxes.first { $0.type == type }?.children() ?? [] }
        return boxes.first { $0.type == path.last }
    }

    /// The composition offsets in the first `trun` of video, which has all fields.
    private static func offsets(_ run: Box) -> [Int32] {
        (0..<Int(run.number(4, bytes: 4) ?? 0)).compactMap { index in
            run.number(12 + index * 16 + 12, bytes: 4).map { Int32(truncatingIfNeeded: $0) }
        }
    }

    @Test func `frames that are shown in another order have offsets, negative ones too`() throws {
        var index = FragmentIndex()
        // Decoded I P B B, shown I B B P.
        for (place, shown) in [0, 3, 1, 2].enumerated() {
            index.addFrame(
                bytes: 10,
                decodeTime: Self.origin + Int64(place) * 3600,
                compositionOffset: Int64(shown - place) * 3600,
                duration: 3600,
                isSync: place == 0
            )
        }
        let bytes = index.header(sequence: 1)
        let run = try #require(Self.find(["moof", "traf", "trun"], in: bytes))
        #expect(run.byte(0) == 1)
        #expect(run.number(1, bytes: 3) == 0xF01)
        #expect(Self.offsets(run) == [0, 7200, -3600, -3600])
        let time = try #require(Self.find(["moof", "traf", "tfdt"], in: bytes))
        #expect(time.byte(0) == 1 && time.number(4, bytes: 8) == UInt64(Self.origin))
        #expect(Self.find(["prft"], in: bytes) == nil)
        // Behind moof and the header of mdat.
        let length = try #require(Box.parse(bytes[...]).first { $0.type == "moof" }).count + 8
        #expect(run.number(8, bytes: 4) == UInt64(length + 8))
    }

    @Test func `a frame lasts until the next, and the last until it is told`() throws {
        var index = FragmentIndex()
        for time: Int64 in [0, 3000, 10_000] {
            index.addFrame(bytes: 1, decodeTime: time, compositionOffset: 0, duration: 3600, isSync: true)
        }
        #expect(index.videoEnd == 13_600)
        index.endLastFrame(at: 11_000)
        #expect(index.videoStart == 0 && index.videoEnd == 11_000)
        let run = try #require(Self.find(["moof", "traf", "trun"], in: index.header(sequence: 1)))
        #expect(run.number(1, bytes: 3) == 0x701)
        #expect((0..<3).map { run.number(12 + $0 * 12, bytes: 4) } == [3000, 7000, 1000])
    }

    @Test func `audio lies behind the video, in one run, and says when it begins`() throws {
        var index = FragmentIndex()
        index.addAudio(bytes: 5, decodeTime: 44_000, duration: 1024)
        index.addFrame(bytes: 100, decodeTime: Self.origin, compositionOffset: 0, duration: 3600, isSync: true)
        index.addAudio(bytes: 6, decodeTime: 45_100, duration: 1024)
        let bytes = index.header(sequence: 9, wallClock: 0)
        let moof = try #require(Box.parse(bytes[...]).first { $0.type == "moof" })
        let tracks = moof.children().filter { $0.type == "traf" }
        #expect(tracks.count == 2)
        let run = try #require(tracks[1].child("trun"))
        #expect(run.number(4, bytes: 4) == 2)
        #expect(run.number(8, bytes: 4) == UInt64(moof.count + 8 + 8 + 100))
        #expect(run.number(12, bytes: 4) == 1100 && run.number(16, bytes: 4) == 5)
        #expect(tracks[1].child("tfdt")?.number(4, bytes: 8) == 44_000)
        #expect(index.bytes == 111)
    }

    @Test func `numbers beyond all bounds are bounded, and the reader believes the result`() throws {
        let times: [Int64] = [.min, -1, 0, 1 << 40, 1 << 60, .max]
        for time in times {
            for offset in times {
                var index = FragmentIndex()
                index.addFrame(bytes: 1, decodeTime: time, compositionOffset: offset, duration: offset, isSync: true)
                index.endLastFrame(at: offset)
                index.addAudio(bytes: 1, decodeTime: offset, duration: time)
                let file = InitSection(
                    video: VideoFormat(try #require(InitSectionTests.avc)),
                    audio: InitSectionTests.aac
                )
                let bytes = file.bytes + index.header(sequence: .max, wallClock: offset) + [0, 0]
                #expect(try FragmentedMP4.inspect(bytes: bytes).completeBytes <= Int64(bytes.count))
            }
        }
    }

    @Test func `every microsecond of the wall clock is read back`() throws {
        let section = InitSection(video: VideoFormat(try #require(InitSectionTests.avc)))
        var random = SeededGenerator(seed: 1)
        for _ in 0..<1000 {
            let wall = Int64.random(in: 0...2_000_000_000_000_000, using: &random)
            var index = FragmentIndex()
            index.addFrame(bytes: 1, decodeTime: 0, compositionOffset: 0, duration: 3600, isSync: true)
            let bytes = section.bytes + index.header(sequence: 1, wallClock: wall) + [0]
            #expect(try FragmentedMP4.inspect(bytes: bytes).firstWallClock == wall)
        }
    }
}
