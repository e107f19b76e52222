import ObserverCore
import Testing

@Suite struct TimeOfDayTests {
    private static let base: Int64 = 1_790_000_000_000_000

    private func seconds(_ time: Timestamp) -> Int64 { (time.microseconds - Self.base) / 1_000_000 }
    private func wall(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: Self.base + seconds * 1_000_000) }

    @Test func `each moment has the offset that held then, and each time its moment`() {
        var time = TimeOfDay(offset: Self.base)
        time.set(offset: Self.base + 100_000_000, from: 50_000_000)
        time.set(offset: Self.base + 70_000_000, from: 80_000_000)
        #expect([0, 49, 50, 79, 80, 90].map { seconds(time.wall($0 * 1_000_000)) } == [0, 49, 150, 179, 150, 160])
        let moments = [-5, 10, 49, 100, 149, 151, 175, 200].map { time.uptime(wall($0)) / 1_000_000 }
        #expect(moments == [-5, 10, 49, 50, 50, 81, 105, 130])
    }

    @Test func `an offset that is set for an earlier moment replaces those that were set for later ones`() {
        var time = TimeOfDay(offset: Self.base)
        let before = time
        time.set(offset: Self.base + 100_000_000, from: 50_000_000)
        let leap = time.leap(since: before)
        #expect(leap?.at == 50_000_000 && leap.map { seconds($0.from) } == 50)
        time.set(offset: Self.base + 10_000_000, from: 40_000_000)
        #expect([39, 40, 60].map { seconds(time.wall($0 * 1_000_000)) } == [39, 50, 70])
        time.set(offset: Self.base, from: 70_000_000)
        #expect(time.leap(since: before) == nil)
    }

    @Test func `however often it is set, the present is right`() {
        var time = TimeOfDay(offset: Self.base)
        for turn in 1...500 { time.set(offset: Self.base + Int64(turn) * 1000, from: Int64(turn) * 1_000_000) }
        #expect(time.offset == Self.base + 500_000 && time.wall(500_000_000).microseconds == Self.base + 500_500_000)
    }

    @Test func `a segment is moved with its identifier and its key, always to the same ones`() throws {
        let header = SegmentHeader(
            beginning: StreamID(CameraID(rawValue: 7), .main),
            at: wall(0),
            epoch: 3,
            run: .makeRandom(),
            sequence: 5,
            origin: SegmentOrigin(recorder: "one", spoolID: .makeRandom()),
            keyPrefix: "some/prefix"
        )
        let near = header.moved(to: wall(3000))
        #expect(near.id == header.id && near.objectKey == header.objectKey && near.startedAt == wall(3000))
        let far = header.moved(to: wall(-31_536_000))
        #expect(far.startedAt == wall(-31_536_000) && far.id.milliseconds == wall(-31_536_000).milliseconds)
        #expect(far.id != header.id && far.id.isMoved(from: header.id) && far.problem == nil)
        #expect(far.objectKey.hasPrefix("some/prefix/7/main/2025/"))
        #expect(far == header.moved(to: wall(-31_536_000)) && far.moved(to: wall(0)) == header)
        #expect(header.moved(to: Timestamp(microseconds: .max)) == header)
    }
}
