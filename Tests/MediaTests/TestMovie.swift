import Testing

@testable import MP4

/// The samples of a fragmented file, read straight from its boxes.
struct TestMovie {
    struct Sample {
        var bytes: [UInt8]
        var decode: Int64
        var duration: Int64
        var offset: Int64
        var isSync: Bool

        var presentation: Int64 { decode + offset }

        /// The NAL units, which have four bytes of length before each.
        var units: [[UInt8]] {
            var units: [[UInt8]] = []
            var rest = bytes[...]
            while rest.count >= 4 {
                let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(4)
                units.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            return units
        }
    }

    private(set) var video: [Sample] = []
    private(set) var audio: [Sample] = []
    /// The content of the sample entry's configuration box.
    private(set) var configuration: [UInt8] = []

    init(_ file: [UInt8]) throws {
        var position = 0
        for box in Box.parse(file[...]) {
            if box.type == "moov" { configuration = try Self.configuration(box) }
            if box.type == "moof" {
                for track in box.children() where track.type == "traf" {
                    let samples = try Self.samples(track, from: position, in: file)
                    if track.child("tfhd")?.number(4, bytes: 4) == 1 { video += samples } else { audio += samples }
                }
            }
            position += box.count + 8
        }
        #expect(position == file.count)
    }

    private static func configuration(_ moov: Box) throws -> [UInt8] {
        let table = try #require(moov.child("trak")?.child("mdia")?.child("minf")?.child("stbl")?.child("stsd"))
        let entry = try #require(table.children(from: 8).first)
        return Array(try #require(entry.children(from: 78).first).rest(from: 0))
    }

    private static func samples(_ track: Box, from start: Int, in file: [UInt8]) throws -> [Sample] {
        var time = Int64(try #require(track.child("tfdt")?.number(4, bytes: 8)))
        let run = try #require(track.child("trun"))
        let flags = try #require(run.number(1, bytes: 3))
        var place = start + Int(try #require(run.number(8, bytes: 4)))
        var offset = 12
        func field(_ flag: UInt64) -> UInt64? {
            guard flags & flag != 0 else { return nil }
            defer { offset += 4 }
            return run.number(offset, bytes: 4)
        }
        return try (0..<(try #require(run.number(4, bytes: 4)))).map { _ in
            let duration = Int64(try #require(field(0x100)))
            let size = Int(try #require(field(0x200)))
            let isSync = field(0x400).map { $0 & 0x1_0000 == 0 } ?? true
            let composition = field(0x800).map { Int64(Int32(truncatingIfNeeded: $0)) } ?? 0
            defer {
                time += duration
                place += size
            }
            return Sample(
                bytes: Array(file[place..<(place + size)]),
                decode: time,
                duration: duration,
                offset: composition,
                isSync: isSync
            )
        }
    }
}
