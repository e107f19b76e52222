import MP4
import Testing

/// Indexes with numbers that no file of ours has: none may end the process, and none may be believed.
@Suite(.timeLimit(.minutes(1)))
struct HostileIndexTests {
    private static func box(_ type: String, _ parts: [UInt8]...) -> [UInt8] {
        let content = parts.flatMap { $0 }
        return number(content.count + 8, 4) + Array(type.utf8) + content
    }

    private static func number(_ value: some FixedWidthInteger, _ width: Int) -> [UInt8] {
        (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func trun(count: UInt32, offset: Int32 = 0) -> [UInt8] {
        box("trun", number(0x1, 4), number(count, 4), number(offset, 4))
    }

    /// A fragment of the first track with these runs, whose samples all last and measure as much as 32 bits can hold.
    private static func fragment(base: UInt64? = nil, time: UInt64 = 0, runs: [[UInt8]]) -> [UInt8] {
        let header =
            box(
                "tfhd",
                number(base == nil ? 0x18 : 0x19, 4),
                number(1, 4),
                base.map { number($0, 8) } ?? [],
                number(UInt32.max, 4),
                number(UInt32.max, 4)
            )
        let traf = box("traf", header, box("tfdt", number(0x0100_0000, 4), number(time, 8)), runs.flatMap { $0 })
        return box("moof", traf) + box("mdat", [])
    }

    private static func summary(_ fragment: [UInt8]) throws -> FragmentedMP4.Summary {
        let whole = try FragmentedMP4.inspect(bytes: FragmentedMP4Tests.fixture)
        let start = FragmentedMP4Tests.fixture.prefix(Int(whole.initBytes))
        let summary = try FragmentedMP4.inspect(bytes: start + fragment)
        #expect(summary.completeBytes == whole.initBytes)
        return summary
    }

    @Test(arguments: [UInt64(1) << 52, 1 << 62, .max >> 1, .max])
    func `a base far beyond the end of the file is not believed`(base: UInt64) throws {
        let runs = [Self.trun(count: 1, offset: .max)]
        #expect(try Self.summary(Self.fragment(base: base, runs: runs)).fragments == 0)
    }

    @Test(arguments: [Int32.min, -1, .max])
    func `an offset outside of the file is not believed`(offset: Int32) throws {
        let runs = [Self.trun(count: 1, offset: offset)]
        #expect(try Self.summary(Self.fragment(runs: runs)).fragments == 0)
    }

    @Test(arguments: [UInt32(1) << 20, 1 << 31, .max])
    func `more samples than a fragment can have are not counted, in one run or in many`(count: UInt32) throws {
        let one = [Self.trun(count: count)]
        #expect(try Self.summary(Self.fragment(runs: one)).frames == 0)
        let many = (0..<50_000).map { _ in Self.trun(count: count >> 12) }
        #expect(try Self.summary(Self.fragment(runs: many)).frames == 0)
    }

    @Test(arguments: [UInt64(1) << 62, .max])
    func `a decode time that is no time is not believed`(time: UInt64) throws {
        #expect(try Self.summary(Self.fragment(time: time, runs: [Self.trun(count: 1)])).fragments == 0)
    }
}
