import Glibc
import Testing

@testable import Media

@Suite struct FragmentedMP4Tests {
    /// Three seconds of H.264 at ten frames a second with AAC, a fragment a second; made by ffmpeg.
    static let fixture: [UInt8] = read(fixturePath)

    static var fixturePath: String {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/" + folder + "/Fixtures/fragmented.mp4"
    }

    static func read(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        return [UInt8](unsafeUninitializedCapacity: max(size, 0)) { buffer, filled in
            filled = max(0, pread(file, buffer.baseAddress, buffer.count, 0))
        }
    }

    @Test func `a whole file is described`() throws {
        let summary = try FragmentedMP4.inspect(Self.fixturePath)
        #expect(summary.frames == 30)
        #expect(summary.fragments == 3)
        #expect(summary.mediaDuration90k == 270_000)
        #expect(summary.width == 64 && summary.height == 48 && summary.hasAudio)
        #expect(summary.codecs == "avc1.64000a,mp4a.40.2")
        #expect(summary.completeBytes == Int64(Self.fixture.count))
        #expect(summary.firstWallClock.map { $0 > 1_700_000_000_000_000 } == true)
    }

    @Test func `cut at any byte, a file is whole up to its last whole fragment`() throws {
        let whole = try FragmentedMP4.inspect(bytes: Self.fixture)
        var seen: [Int64: Int] = [:]
        for length in 0...Self.fixture.count {
            let part = Array(Self.fixture.prefix(length))
            guard Int64(length) >= whole.initBytes else {
                #expect(throws: MediaError.self) { try FragmentedMP4.inspect(bytes: part) }
                continue
            }
            let summary = try FragmentedMP4.inspect(bytes: part)
            #expect(summary.completeBytes <= Int64(length))
            #expect(summary.frames == summary.fragments * 10)
            let earlier = seen.updateValue(summary.fragments, forKey: summary.completeBytes)
            #expect(earlier == nil || earlier == summary.fragments)
        }
        #expect(seen.values.sorted() == [0, 1, 2, 3])
    }

    @Test func `zeros after a power failure end the file`() throws {
        let whole = try FragmentedMP4.inspect(bytes: Self.fixture)
        let padded = try FragmentedMP4.inspect(bytes: Self.fixture + [UInt8](repeating: 0, count: 4096))
        #expect(padded == whole)
    }

    @Test func `no change of a single byte of the index can crash the reader`() {
        for position in 0..<min(Self.fixture.count, 6000) {
            for value in [UInt8(0), 0x7F, 0xFF] {
                var bytes = Self.fixture
                bytes[position] = value
                let summary = try? FragmentedMP4.inspect(bytes: bytes)
                #expect((summary?.completeBytes ?? 0) <= Int64(bytes.count))
            }
        }
    }

    @Test func `a file that is not there says so`() {
        #expect { try FragmentedMP4.inspect("/nonexistent/x.mp4") } throws: { ($0 as? MediaError)?.kind == .file }
    }
}

@Suite struct CodecStringTests {
    @Test func `H264 names profile, constraints and level`() {
        #expect(CodecString.avc(record: [1, 0x64, 0x00, 0x1F, 0xFF]) == "avc1.64001f")
    }

    @Test func `H265 reverses the compatibility flags and drops trailing constraint bytes`() {
        let main: [UInt8] = [1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0]
        #expect(CodecString.hevc(record: main) == "hvc1.1.6.L93.90")
        let high: [UInt8] = [1, 0x22, 0x20, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0x01, 120, 0]
        #expect(CodecString.hevc(record: high) == "hvc1.2.4.H120.B0.0.0.0.0.1")
    }

    @Test func `AV1 names profile, level, tier and depth`() {
        #expect(CodecString.av1(record: [0x81, 0x04, 0x0C, 0]) == "av01.0.04M.08")
        #expect(CodecString.av1(record: [0x81, 0x2D, 0xC0, 0]) == "av01.1.13H.10")
    }

    @Test func `MPEG-4 descriptors name audio and frame codecs`() {
        let aac: [UInt8] =
            [0, 0, 0, 0, 3, 25, 0, 1, 0, 4, 17, 0x40] + [UInt8](repeating: 0, count: 12) + [5, 2, 0x12, 0x10]
        #expect(CodecString.mpeg4(descriptor: aac, entry: "mp4a") == "mp4a.40.2")
        let jpeg: [UInt8] = [0, 0, 0, 0, 3, 21, 0, 1, 0, 4, 13, 0x6C] + [UInt8](repeating: 0, count: 12)
        #expect(CodecString.mpeg4(descriptor: jpeg, entry: "mp4v") == "mp4v.6C")
        #expect(CodecString.mpeg4(descriptor: [], entry: "mp4v") == "mp4v")
    }
}
