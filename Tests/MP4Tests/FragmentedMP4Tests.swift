import Glibc
import Testing

@testable import MP4

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
        let summary = try FragmentedMP4.inspect(bytes: Self.fixture)
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
                #expect(throws: MP4Error.self) { try FragmentedMP4.inspect(bytes: part) }
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

    @Test func `a file read piece by piece is the same, and little of it is read`() throws {
        var taken = 0
        let result = FragmentedMP4.inspect(size: Int64(Self.fixture.count)) { offset, count in
            taken += count
            return Array(Self.fixture[Int(offset)..<(Int(offset) + count)])
        }
        #expect(try result.get() == FragmentedMP4.inspect(bytes: Self.fixture))
        #expect(taken < Self.fixture.count)
    }

    @Test func `a file that gets shorter meanwhile ends there`() throws {
        let whole = try FragmentedMP4.inspect(bytes: Self.fixture)
        let result = FragmentedMP4.inspect(size: Int64(Self.fixture.count)) { offset, count in
            Array(Self.fixture.prefix(Self.fixture.count - 5000).dropFirst(Int(offset)).prefix(count))
        }
        let summary = try result.get()
        #expect(summary.initBytes == whole.initBytes && summary.fragments < whole.fragments)
    }

    @Test func `the failure of a disk is passed on as it is`() {
        struct DiskFailure: Error {}
        #expect(throws: DiskFailure.self) {
            _ = try FragmentedMP4.inspect(size: 100) { (_, _) throws(DiskFailure) in throw DiskFailure() }
        }
    }
}
