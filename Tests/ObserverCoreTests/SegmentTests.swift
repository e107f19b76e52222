import FoundationEssentials
import ObserverCore
import TestSupport
import Testing

@Suite struct SegmentTests {
    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func read<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    @Test func `a segment is one flat JSON object`() throws {
        var segment = Segment.sample(.sub)
        segment.end.flags = [.recovered, .clockArrival]
        let text = try Self.text(segment)
        let (header, media) = (segment.header, segment.media)
        let expected = """
            {"bytes":2500000,"camera_id":7,"codecs":"avc1.64001f","duration_ms":10000,"end_reason":"duration","epoch":3,\
            "flags":["clock_arrival","recovered"],"frames":250,"has_audio":false,"height":1080,"id":"\(segment.id)",\
            "init_bytes":800,"init_sha256":"\(media.initSHA256)","media_duration_90k":900000,"media_start_90k":0,\
            "object_key":"\(header.objectKey)","recorder":"node-a","run":"\(header.run)","sequence":0,\
            "sha256":"\(media.sha256)","spool_id":"\(header.origin.spoolID)",\
            "started_at":"2026-11-23T20:01:02.123Z","stream":"sub","v":2,"width":1920}
            """
        #expect(text == expected)
        #expect(try Self.read(text) == segment)
        #expect(segment.problem == nil)
    }

    @Test func `the header of a segment is a part of its JSON`() throws {
        let segment = Segment.sample()
        let header: SegmentHeader = try Self.read(Self.text(segment))
        #expect(header == segment.header)
        #expect(try Self.read(Self.text(header)) == header)
    }

    @Test(arguments: [0, 1, 3])
    func `another version of the format is refused by name`(version: Int) throws {
        let text = try Self.text(Segment.sample()).replacing(#""v":2"#, with: #""v":\#(version)"#)
        let error = try #require(throws: UnknownFormat.self) { try Self.read(text, as: Segment.self) }
        #expect("\(error)" == "v is \(version), this program reads 2")
    }

    @Test func `a flag that a newer recorder sets is left out, and the segment is read`() throws {
        var segment = Segment.sample()
        segment.end.flags = [.wallStep]
        let text = try Self.text(segment).replacing(#"["wall_step"]"#, with: #"["wall_step","from_the_future"]"#)
        #expect(try Self.read(text) == segment)
    }

    @Test(arguments: [
        (#""stream":"main""#, #""stream":"third""#), (#""stream":"main","#, ""), (#""flags":[]"#, #""flags":[1]"#),
        (#""end_reason":"duration""#, #""end_reason":"bored""#), (#""epoch":3"#, #""epoch":"3""#),
        (#""bytes":2500000"#, #""bytes":1e300"#), (#""sequence":0"#, #""sequence":0.5"#),
    ])
    func `a field that is missing or of another type is refused`(good: String, bad: String) throws {
        let text = try Self.text(Segment.sample())
        let changed = text.replacing(good, with: bad)
        #expect(changed != text)
        #expect(throws: DecodingError.self) { try Self.read(changed, as: Segment.self) }
    }

    @Test func `a key that belongs to another segment is refused`() throws {
        let (one, other) = (Segment.sample(), Segment.sample(of: CameraID(rawValue: 8)))
        let text = try Self.text(one).replacing(one.header.objectKey, with: other.header.objectKey)
        let segment: Segment = try Self.read(text)
        #expect(segment.problem?.hasPrefix("object_key does not end with /7/main/2026/11/23/20/") == true)
    }

    @Test(arguments: OutOfRange.segmentFields)
    func `a number or time out of range is refused by its field`(field: String, value: String) throws {
        let text = OutOfRange.replace(field, in: try Self.text(Segment.sample()), with: value)
        let segment: Segment = try Self.read(text)
        let problem = try #require(segment.problem)
        #expect(problem.hasPrefix("\(field) is "))
        // Refused or not, what is computed from it ends no process.
        #expect(segment.endedAt >= segment.startedAt || segment.end.durationMilliseconds < 0)
        #expect(segment.media.durationMilliseconds <= .max / 90)
    }

    @Test(arguments: ["", String(repeating: "r", count: 64)])
    func `a recorder without a usable name is refused`(name: String) throws {
        let segment = Segment.sample(origin: SegmentOrigin(recorder: name, spoolID: .makeRandom()))
        #expect(segment.problem == "recorder has not 1 to 63 characters")
    }

    @Test func `the start is corrected within the hour that the identifier names, and no further`() {
        var header = Segment.sample().header
        let start = header.startedAt
        header.correct(startedAt: start.advanced(byMilliseconds: -250))
        #expect(header.startedAt == start.advanced(byMilliseconds: -250))
        for far in [start.advanced(bySeconds: 3601), start.advanced(bySeconds: -3601), Timestamp(milliseconds: .max)] {
            header.correct(startedAt: far)
            #expect(header.startedAt == start.advanced(byMilliseconds: -250))
        }
        #expect(header.problem == nil)
    }

    @Test func `streams sort by camera, then main before sub`() {
        let ids = [StreamID(CameraID(rawValue: 2), .main), StreamID(CameraID(rawValue: 1), .sub)]
        #expect(
            (ids + [StreamID(CameraID(rawValue: 1), .main)]).sorted().map(\.description) == [
                "1/main", "1/sub", "2/main",
            ]
        )
        #expect(StreamKind.allCases.allSatisfy { StreamKind(number: $0.number) == $0 })
        #expect(StreamKind(number: 2) == nil)
    }
}
