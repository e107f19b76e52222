import Crypto
import Encodings
@testable import MP4
import ObserverCore
import ObserverExport
import SeededNumbers
import Testing

/// A file of an export taken apart again.
private struct Played {
    struct Frame: Equatable {
        var number: UInt32
        var time: Int64
    }

    var frames: [Frame] = []
    var texts: [String] = []
    var textEnd: Int64 = 0
    var types: [String] = []
    var numbers: [UInt32] = []
    var audioTimes: [Int64] = []

    init(_ bytes: [UInt8]) throws {
        var place = 0
        var moof: (box: Box, start: Int)?
        for box in Box.parse(bytes[...]) {
            types.append(Self.name(box.type))
            if box.type == "moof" { moof = (box, place) }
            if box.type == "mdat", let (moof, start) = moof { try add(moof, start, bytes) }
            place += box.count + 8
        }
        try #require(place == bytes.count)
    }

    private static func name(_ type: FourCharacters) -> String {
        String(decoding: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: type.number >> UInt32($0)) }, as: UTF8.self)
    }

    private mutating func add(_ moof: Box, _ start: Int, _ bytes: [UInt8]) throws {
        numbers.append(UInt32(try #require(moof.child("mfhd")?.number(4, bytes: 4))))
        for traf in moof.children() where traf.type == "traf" {
            let track = try #require(traf.child("tfhd")?.number(4, bytes: 4))
            var time = Int64(try #require(traf.child("tfdt")?.number(4, bytes: 8)))
            let run = try #require(traf.child("trun"))
            let flags = try #require(run.number(1, bytes: 3))
            let width = 8 + (flags & 0x400 != 0 ? 4 : 0) + (flags & 0x800 != 0 ? 4 : 0)
            var data = start + Int(try #require(run.number(8, bytes: 4)))
            for sample in 0..<Int(try #require(run.number(4, bytes: 4))) {
                let duration = Int64(try #require(run.number(12 + sample * width, bytes: 4)))
                let size = Int(try #require(run.number(16 + sample * width, bytes: 4)))
                switch track {
                case 1:
                    frames.append(
                        Frame(number: bytes[(data + 4)..<(data + 8)].reduce(0) { $0 << 8 | UInt32($1) }, time: time)
                    )
                case 2: audioTimes.append(time)
                default: texts.append(String(decoding: bytes[(data + 2)..<(data + size)], as: UTF8.self))
                }
                time += duration
                data += size
            }
            if track == 3 { textEnd = time }
        }
    }
}

@Suite struct ExportFileTests {
    private let key: SigningKey

    init() throws {
        key = try SigningKey(seed: [UInt8](repeating: 7, count: 32))
    }

    private func recording() -> Recording {
        var recording = Recording()
        for number in 0..<6 {
            recording.append(
                seconds: 10,
                at: Int64(number) * 10_000,
                run: .run(1),
                start90k: 500_000 + Int64(number) * 900_000,
                hasAudio: true
            )
        }
        return recording
    }

    @Test func `a whole range has every frame once, with continuous times`() throws {
        let recording = recording()
        let file = try #require(try recording.export(from: 0, to: 60_000, key: key).first)
        let bytes = try recording.read(file)
        #expect(Int64(bytes.count) == file.bytes)
        let played = try Played(bytes)
        #expect(played.frames.map(\.number) == Array(0..<1500))
        let base = file.part.pieces[0].start
        #expect(played.frames.map(\.time) == (0..<1500).map { base + $0 * Recording.frame })
        #expect(file.part.duration90k == 60 * 90_000)
        #expect(played.numbers == played.numbers.sorted() && Set(played.numbers).count == played.numbers.count)
        let audio = try #require(played.audioTimes.first)
        #expect(abs(audio - base * 8000 / 90_000) <= 1)
        #expect(played.audioTimes == (0..<3000).map { audio + Int64($0) * 160 })
        #expect(Array(played.types.prefix(4)) == ["ftyp", "moov", "uuid", "sidx"])
        #expect(played.types.filter { $0 == "free" }.count == 12)
    }

    @Test func `the index of each track leads to a fragment of video`() throws {
        let recording = recording()
        for (from, to) in [(Int64(0), Int64(60_000)), (12_345, 47_890)] {
            let file = try #require(try recording.export(from: from, to: to, key: key).first)
            let bytes = try recording.read(file)
            var place = 0
            var count = 0
            for box in Box.parse(bytes[...]) {
                place += box.count + 8
                guard box.type == "sidx" else { continue }
                count += 1
                var offset = place + Int(try #require(box.number(20, bytes: 8)))
                for reference in 0..<Int(try #require(box.number(30, bytes: 2))) {
                    #expect(bytes[(offset + 4)..<(offset + 8)].elementsEqual("moof".utf8))
                    // mfhd, traf, tfhd: the track.
                    #expect(bytes[offset + 47] == 1)
                    offset += Int(try #require(box.number(32 + reference * 12, bytes: 4)))
                }
                #expect(offset == bytes.count)
            }
            #expect(count == 3)
        }
    }

    @Test func `the subtitles tell the second of every moment`() throws {
        let recording = recording()
        let file = try #require(try recording.export(from: 0, to: 60_000, key: key).first)
        let played = try Played(try recording.read(file))
        // The start lies between two seconds; each segment begins a text of its own.
        #expect(played.texts.first == "2026-11-27 10:40:00 UTC" || played.texts.first?.hasSuffix("UTC") == true)
        #expect(Set(played.texts).count == 61)
        #expect(played.textEnd == file.part.pieces[0].start + 60 * 90_000)
    }

    @Test func `a range begins with the key frame before, shows the frame asked for, and ends with its last frame`()
        throws
    {
        let recording = recording()
        let file = try #require(try recording.export(from: 12_345, to: 47_890, key: key).first)
        let played = try Played(try recording.read(file))
        // Key frames come each second; the frame shown at 12.345 s began at 12.32 s, and the last one at 47.88 s.
        #expect(played.frames.map(\.number) == Array(300...1197))
        let base = file.part.pieces[0].start
        #expect(played.frames.first?.time == base)
        let shown = base + Int64(8 * Recording.frame)
        #expect(file.part.duration90k == Int64(1198 - 308) * Recording.frame)
        let elst = try #require(edit(of: file))
        #expect(elst == shown)
    }

    private func edit(of file: ExportFile) -> Int64? {
        Box.parse(file.part.movie[...]).first { $0.type == "moov" }?.child("trak")?.child("edts")?.child("elst")
            .flatMap { $0.number(16, bytes: 8) }.map { Int64(bitPattern: $0) }
    }

    @Test func `a gap between runs is kept in wall time, and one within a run in media time`() throws {
        var recording = Recording()
        recording.append(seconds: 10, at: 0, run: .run(1), start90k: 0)
        // The segment between them is gone.
        recording.append(seconds: 10, at: 20_010, run: .run(1), start90k: 1_800_000)
        recording.append(seconds: 10, at: 100_000, run: .run(2), start90k: 77)
        let file = try #require(try recording.export(from: 0, to: 200_000, key: key).first)
        let times = try Played(try recording.read(file)).frames.map(\.time)
        #expect(times[250] == 1_800_000)
        #expect(times[500] == 9_000_000)
        #expect(file.part.duration90k == 9_900_000)
    }

    @Test func `two recorders at once give each moment once`() throws {
        var recording = Recording()
        recording.append(seconds: 10, at: 0, run: .run(1), start90k: 0)
        recording.append(seconds: 10, at: 7000, run: .run(2), start90k: 0)
        recording.append(seconds: 4, at: 9000, run: .run(3), start90k: 0)
        let file = try #require(try recording.export(from: 0, to: 60_000, key: key).first)
        let played = try Played(try recording.read(file))
        #expect(played.frames.map(\.number) == Array(0..<175) + Array(250..<500))
        #expect(played.frames.map(\.time) == (0..<425).map { $0 * Recording.frame })
    }

    @Test func `times never go backwards, whatever the clock of the recorder did`() throws {
        var numbers = SeededGenerator(seed: 11)
        for _ in 0..<30 {
            var recording = Recording()
            var at: Int64 = 0
            for run in 0..<UInt8(5) {
                var start = Int64.random(in: 0...1 << 40, using: &numbers)
                for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                    recording.append(seconds: 3, at: at, run: .run(run), start90k: start)
                    at += Int64.random(in: 2700...3300, using: &numbers)
                    start += 270_000
                }
                at += Int64.random(in: -2500...20_000, using: &numbers)
            }
            for file in try recording.export(from: 1000, to: at + 3000, key: key) {
                let bytes = try recording.read(file)
                let times = try Played(bytes).frames.map(\.time)
                #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
                #expect(try verify(bytes).isGood)
            }
        }
    }

    @Test func `ranges of bytes joined together are the file`() throws {
        let recording = recording()
        let file = try #require(try recording.export(from: 3210, to: 55_000, key: key).first)
        let whole = try recording.read(file)
        var numbers = SeededGenerator(seed: 5)
        for _ in 0..<60 {
            let start = Int.random(in: 0..<whole.count, using: &numbers)
            let part = try recording.read(file, from: Int64(start), chunk: Int.random(in: 1...5000, using: &numbers))
            #expect(part.elementsEqual(whole[start...]), "from \(start)")
        }
    }

    @Test func `another format of the video begins another file`() throws {
        var recording = Recording()
        recording.append(seconds: 5, at: 0, run: .run(1), start90k: 0)
        recording.append(seconds: 5, at: 5000, run: .run(1), start90k: 450_000, width: 1280)
        recording.append(seconds: 5, at: 10_000, run: .run(1), start90k: 900_000, width: 1280)
        let files = try recording.export(from: 0, to: 60_000, key: key)
        #expect(files.map(\.part.pieces.count) == [1, 2])
        #expect(try Played(try recording.read(files[1])).frames.map(\.number) == Array(125..<375))
        var patcher = SegmentPatcher(
            SegmentPatch(number: 1, videoTicks: 0, audioTicks: 0),
            initSection: files[0].part.initSection
        )
        var output: [UInt8] = []
        #expect(throws: MP4Error.self) { try patcher.append(recording.pieces[1].bytes, to: &output) }
    }

    @Test func `frames that are shown in another order than they come keep theirs`() throws {
        var recording = Recording()
        recording.append(seconds: 5, at: 0, run: .run(1), start90k: 0, reorders: true)
        let file = try #require(try recording.export(from: 1500, to: 3500, key: key).first)
        let numbers = try Played(try recording.read(file)).frames.map(\.number)
        #expect(numbers.first == 25 && numbers == Array(25...UInt32(25 + numbers.count - 1)))
        #expect((86...90).contains(numbers.count + 25), "\(numbers.count)")
    }

    @Test func `changes of a segment can be taken back, in pieces of any size`() throws {
        let bytes = recording().pieces[2].bytes
        var numbers = SeededGenerator(seed: 3)
        for _ in 0..<40 {
            let patch = SegmentPatch(
                number: UInt32.random(in: 0...UInt32.max, using: &numbers),
                videoTicks: Int64.random(in: -1 << 60...1 << 60, using: &numbers),
                audioTicks: Int64.random(in: -1 << 60...1 << 60, using: &numbers)
            )
            var (changed, restored): ([UInt8], [UInt8]) = ([], [])
            var there = SegmentPatcher(patch)
            var back = SegmentPatcher(patch.undone)
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...3000, using: &numbers)
                try there.append(Array(rest.prefix(count)), to: &changed)
                rest = rest.dropFirst(count)
            }
            #expect(there.isBetweenBoxes && changed.count == bytes.count && changed != bytes)
            try back.append(changed, to: &restored)
            #expect(restored == bytes)
        }
    }

    // MARK: Verification

    private func verify(_ bytes: [UInt8], key: String? = nil) throws -> ExportVerifier.Report {
        try ExportVerifier.verify(size: Int64(bytes.count), key: key) { offset, count in
            Array(bytes[Int(min(offset, Int64(bytes.count)))...].prefix(count))
        }
    }

    @Test func `an export that nobody changed is good`() throws {
        let recording = recording()
        for (from, to) in [(Int64(0), Int64(60_000)), (12_345, 47_890), (100, 900), (0, 55_555)] {
            let file = try #require(try recording.export(from: from, to: to, key: key).first)
            let report = try verify(try recording.read(file), key: ExportManifest.fingerprint(of: key.publicKey))
            #expect(report.problems.isEmpty)
        }
    }

    @Test func `every changed byte is found`() throws {
        let recording = recording()
        let file = try #require(try recording.export(from: 12_345, to: 47_890, key: key).first)
        let bytes = try recording.read(file)
        var numbers = SeededGenerator(seed: 9)
        for place in Array(0..<40) + (0..<300).map({ _ in Int.random(in: 0..<bytes.count, using: &numbers) }) {
            var changed = bytes
            changed[place] ^= UInt8.random(in: 1...255, using: &numbers)
            #expect(try !verify(changed).isGood, "byte \(place)")
        }
    }

    @Test func `the words say which segment is changed, missing, or cut, and what was added`() throws {
        let recording = recording()
        let file = try #require(try recording.export(from: 0, to: 60_000, key: key).first)
        let bytes = try recording.read(file)
        func place(_ number: Int) -> Int { file.head.count + Int(file.part.pieces[number].offset) }
        let third = file.part.pieces[2].segment.id.description

        var changed = bytes
        changed[place(3) - 10] ^= 1
        #expect(try verify(changed).problems.map { $0.contains(third) && $0.contains("was changed") } == [true])
        let without = Array(bytes[..<place(2)] + bytes[place(3)...])
        #expect(try verify(without).problems.map { $0.contains(third) && $0.contains("is missing") } == [true])
        let cut = Array(bytes[..<(place(3) - 10)])
        #expect(try verify(cut).problems.first?.contains("the file is cut") == true)
        #expect(try verify(bytes + [0, 0, 0, 8] + Array("free".utf8)).problems == ["8 bytes were added at the end"])
        #expect(try verify(Array(bytes[..<10])).problems.first?.contains("no manifest") == true)
        #expect(try verify(bytes, key: "0000-1111").problems.first?.contains("another key") == true)
    }

    @Test func `the manifest is JSON, and what was signed is all of it but the signature`() throws {
        let recording = recording()
        let file = try #require(try recording.export(from: 12_345, to: 47_890, key: key).first)
        guard case .object(let manifest) = try JSONParser.parse(file.manifest),
            case .array(let segments)? = manifest["segments"]
        else {
            Issue.record("no manifest")
            return
        }
        #expect(segments.count == 4)
        let parts = try #require(ExportManifest.split(file.manifest))
        #expect(throws: Never.self) { try JSONParser.parse(parts.signed) }
        #expect(manifest["format"] == .string("observer-export-1"))
    }
}
