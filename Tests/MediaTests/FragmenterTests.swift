import Encodings
import MP4
import Testing

@testable import Media

@Suite struct FragmenterTests {
    /// Adds a frame of `count` bytes.
    private static func add(_ count: Int, _ frame: Fragmenter.Frame, to fragmenter: inout Fragmenter) {
        let start = fragmenter.video.count
        fragmenter.video.append([UInt8](repeating: 7, count: count))
        fragmenter.add(frame, at: start..<fragmenter.video.count)
    }

    private static func end(_ fragmenter: inout Fragmenter, until next: Int64?) throws -> Fragment {
        let ended = fragmenter.end(until: next, sequence: 1, wallClock: 0)
        return try #require(ended)
    }

    private static func file(_ fragments: [Fragment]) throws -> TestMovie {
        let head = InitSection(video: VideoFormat(.jpeg, width: 64, height: 48))
        return try TestMovie(head.bytes + fragments.flatMap { $0.bytes.withUnsafeBytes { Array($0) } })
    }

    @Test func `fragments begin at key frames and last less than a second, the first still less`() {
        var fragmenter = Fragmenter()
        var lengths: [Int] = []
        for index in 0..<200 {
            let kind: FrameKind = index % 40 == 0 ? .idr : .dependent
            let frame = Fragmenter.Frame(decode: 90_000 + Int64(index) * 3600, kind: kind)
            if fragmenter.isDue(before: frame),
                let ended = fragmenter.end(until: frame.decode, sequence: 1, wallClock: 0)
            {
                lengths.append(ended.frames)
                #expect(ended.duration90k == Int64(ended.frames) * 3600)
            }
            Self.add(10, frame, to: &fragmenter)
        }
        #expect(lengths == [6, 17, 17, 17, 17, 6, 17, 17, 6, 17, 17, 6, 17, 17])
    }

    @Test func `the first frame of a fragment is found in its bytes, whatever follows`() throws {
        var fragmenter = Fragmenter()
        for fragment in 0..<3 {
            for index in 0..<30 {
                let start = fragmenter.video.count
                let value = UInt8(index == 0 ? 100 + fragment : 7)
                fragmenter.video.append([UInt8](repeating: value, count: 50 + fragment))
                let kind: FrameKind = index == 0 ? .idr : .dependent
                let frame = Fragmenter.Frame(decode: Int64(fragment * 30 + index) * 3000, kind: kind)
                fragmenter.add(frame, at: start..<fragmenter.video.count)
            }
            let ended = try Self.end(&fragmenter, until: Int64(fragment + 1) * 90_000)
            let first = ended.bytes.withUnsafeBytes { Array($0[ended.firstFrame]) }
            #expect(first == [UInt8](repeating: UInt8(100 + fragment), count: 50 + fragment))
        }
    }

    @Test func `a fragment ends when it has enough bytes or frames`() {
        var fragmenter = Fragmenter()
        Self.add(4 << 20, Fragmenter.Frame(decode: 0, kind: .idr), to: &fragmenter)
        #expect(fragmenter.isDue(before: Fragmenter.Frame(decode: 1, kind: .dependent)))
        fragmenter.abandon()
        for index in 0..<1000 {
            let frame = Fragmenter.Frame(decode: Int64(index), kind: .dependent)
            #expect(!fragmenter.isDue(before: frame))
            Self.add(1, frame, to: &fragmenter)
        }
        #expect(fragmenter.isDue(before: Fragmenter.Frame(decode: 1000, kind: .dependent)))
    }

    @Test func `audio without end does not grow a fragment without end`() throws {
        var fragmenter = Fragmenter()
        Self.add(10, Fragmenter.Frame(decode: 90_000, kind: .idr), to: &fragmenter)
        var kept = 0
        for index in 0..<10_000 {
            let start = fragmenter.audio.count
            fragmenter.audio.append([UInt8](repeating: 1, count: 500))
            let range = start..<fragmenter.audio.count
            if fragmenter.addAudio(at: range, decode: Int64(index) * 1024, duration: 1024) { kept += 1 }
        }
        #expect(kept == (1 << 20) / 500)
        let ended = try Self.end(&fragmenter, until: 93_600)
        #expect(ended.bytes.count < 2 << 20)
        #expect(try Self.file([ended]).audio.count == kept)
        #expect(fragmenter.audio.isEmpty)
    }

    @Test func `an index larger than the room kept for it is put before the samples all the same`() throws {
        var fragmenter = Fragmenter()
        for index in 0..<900 {
            Self.add(3, Fragmenter.Frame(decode: Int64(index) * 90, duration: 90, kind: .dependent), to: &fragmenter)
        }
        let ended = try Self.end(&fragmenter, until: nil)
        let movie = try Self.file([ended])
        #expect(movie.video.count == 900 && movie.video.allSatisfy { $0.bytes == [7, 7, 7] })
    }

    @Test func `audio before the first frame stays for the fragment that has one`() throws {
        var fragmenter = Fragmenter()
        fragmenter.audio.append([1, 2, 3])
        let isKept = fragmenter.addAudio(at: 0..<3, decode: 0, duration: 1024)
        let early = fragmenter.end(until: 90_000, sequence: 1, wallClock: nil)
        #expect(isKept && early?.frames == nil)
        Self.add(4, Fragmenter.Frame(decode: 90_000, kind: .idr), to: &fragmenter)
        let ended = try Self.end(&fragmenter, until: nil)
        #expect(try Self.file([ended]).audio.map(\.bytes) == [[1, 2, 3]])
    }

    @Test func `a frame after a long silence leaves a hole`() throws {
        var fragmenter = Fragmenter()
        Self.add(4, Fragmenter.Frame(decode: 90_000, kind: .idr), to: &fragmenter)
        let frame = Fragmenter.Frame(decode: 90_000 + 100 * 90_000, kind: .idr)
        #expect(fragmenter.isDue(before: frame))
        let ended = try Self.end(&fragmenter, until: frame.decode)
        #expect(ended.duration90k == 10 * 90_000)
    }
}
