import ObserverCore
import Testing

@Suite struct ObjectKeyTests {
    @Test(arguments: [StreamKind.main, .sub])
    func `a key names camera, stream, hour, start, epoch and identifier`(kind: StreamKind) throws {
        let start = try #require(Timestamp(rfc3339: "2026-11-03T09:01:02.123Z"))
        let id = SegmentID.make(at: start)
        let stream = StreamID(CameraID(rawValue: 7), kind)
        let key = ObjectKey.make(prefix: "observer", stream: stream, epoch: 3, id: id)
        #expect(key == "observer/7/\(kind.rawValue)/2026/11/03/09/1793696462123-3-\(id).mp4")
        #expect(ObjectKey.isSafe(key))
    }

    @Test func `an identifier that holds no time still has a key`() throws {
        let id = try #require(SegmentID("ffffffff-ffff-4fff-bfff-ffffffffffff"))
        let key = ObjectKey.make(prefix: "p", stream: StreamID(CameraID(rawValue: 7), .main), epoch: 3, id: id)
        #expect(key.hasPrefix("p/7/main/9999/"))
        #expect(ObjectKey.isSafe(key))
    }

    @Test(arguments: ["", "/a", "a/", "a//b", "a/../b", "./a", "a b", "a\nb", "a%2Fb", "ä"])
    func `a key that could leave its place is not safe`(key: String) {
        #expect(!ObjectKey.isSafe(key))
    }
}
