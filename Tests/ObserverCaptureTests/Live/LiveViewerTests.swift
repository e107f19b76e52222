import Media
import System
import Testing

@testable import ObserverCapture

@Suite struct LiveViewerTests {
    private typealias F = LiveFixtures
    private static let head = LiveBytes(Array("head;".utf8))

    private static func flowing() -> LiveViewer {
        var viewer = LiveViewer(at: F.at(0))
        viewer.join(F.join(present: "now;"))
        viewer.begin(head, group: nil, at: F.at(1))
        return viewer
    }

    @Test func `whoever joins gets the head, the group so far and then each frame`() {
        var viewer = LiveViewer(at: F.at(0))
        #expect(!viewer.hasBegun)
        viewer.join(F.join(group: 10..<20, present: "now;"))
        // Comes while the spool is being read.
        viewer.take(F.part("1;", .dependent, at: 2), at: F.at(2))
        #expect(viewer.isReading && !viewer.hasOutput)
        viewer.begin(Self.head, group: LiveBytes(Array("group;".utf8)), at: F.at(3))
        viewer.take(F.part("2;", .dependent, at: 4), at: F.at(4))
        #expect(F.content(viewer.drain(at: F.at(4))) == "head;[head]group;now;1;2;")
        viewer.end()
        #expect(!viewer.isDone)
        _ = viewer.drain(at: F.at(5))
        #expect(viewer.isDone)
    }

    @Test func `without the group a key frame is awaited`() {
        for join in [F.join(isWhole: false), F.join(group: 0..<9)] {
            var viewer = LiveViewer(at: F.at(0))
            viewer.join(join)
            viewer.begin(Self.head, group: nil, at: F.at(0))
            viewer.take(F.part("1;", .dependent, at: 0), at: F.at(0))
            viewer.take(F.part("2;", .idr, at: 0), at: F.at(0))
            viewer.take(F.part("3;", .dependent, at: 0), at: F.at(0))
            #expect(F.content(viewer.drain(at: F.at(0))) == "head;[head]2;3;")
        }
    }

    @Test func `audio goes only to whom it was announced`() {
        for hasAudio in [true, false] {
            var viewer = LiveViewer(at: F.at(0))
            viewer.join(F.join(present: "now;", hasAudio: hasAudio))
            viewer.take(F.part("early;", nil, at: 0), at: F.at(0))
            viewer.begin(Self.head, group: nil, at: F.at(0))
            viewer.take(F.part("sound;", nil, at: 0), at: F.at(0))
            let expected = "head;[head]now;" + (hasAudio ? "early;sound;" : "")
            #expect(F.content(viewer.drain(at: F.at(0))) == expected)
        }
    }

    @Test func `a slow viewer is dropped to the next key frame, and never in the middle of a piece`() {
        var viewer = Self.flowing()
        viewer.take(F.part("1111;", .dependent, at: 10), at: F.at(10))
        let begun = viewer.drain(8 + 5 + 8 + 6 + 8 + 4 + 8 + 2, at: F.at(10))
        // Takes nothing for longer than the lag.
        for index in 1...60 {
            viewer.take(F.part("x\(index);", .dependent, at: index * 40), at: F.at(index * 40))
        }
        #expect(viewer.drops == 1)
        viewer.take(F.part("key;", .idr, at: 2500), at: F.at(2500))
        viewer.take(F.part("next;", .dependent, at: 2540), at: F.at(2540))
        let rest = viewer.drain(at: F.at(2540))
        #expect(F.content(begun + rest) == "head;[head]now;1111;key;next;")
    }

    @Test func `the beginning is never dropped, however slowly it is taken`() {
        var viewer = Self.flowing()
        for index in 1...200 {
            viewer.take(F.part("x\(index);", .dependent, at: index * 40), at: F.at(index * 40))
        }
        #expect(F.content(viewer.drain(at: F.at(9000))) == "head;[head]now;")
    }

    @Test func `what waits for a viewer is bounded in bytes as well`() {
        var viewer = Self.flowing()
        let large = LiveBytes([UInt8](repeating: 7, count: 1 << 20))
        for _ in 0..<100 {
            viewer.take(LivePart(bytes: large, kind: .idr, createdAt: F.at(1)), at: F.at(1))
            let waiting = viewer.output(most: .max).pieces.reduce(0) { $0 + $1.framed.count }
            #expect(waiting < 6 << 20)
        }
        #expect(viewer.drops > 0)
    }

    @Test func `whoever takes nothing is given up, whoever takes little is not`() {
        var dead = Self.flowing()
        var slow = Self.flowing()
        for second in 1...20 {
            let now = F.at(second * 1000)
            for viewer in 0..<2 {
                let part = F.part("x;", .idr, at: second * 1000)
                if viewer == 0 { dead.take(part, at: now) } else { slow.take(part, at: now) }
            }
            _ = slow.drain(3, at: now)
            #expect(slow.check(at: now) == .stays)
            #expect(dead.check(at: now) == (second > 8 ? .gone : .stays))
        }
        // One who has taken everything may wait for a camera that is silent.
        var idle = Self.flowing()
        _ = idle.drain(at: F.at(1))
        #expect(idle.check(at: F.at(600_000)) == .stays)
    }

    @Test func `an answer that does not begin is refused, and one that lasts for an hour ends`() {
        var viewer = LiveViewer(at: F.at(0))
        #expect(viewer.check(at: F.at(2900)) == .stays)
        #expect(viewer.check(at: F.at(3100)) == .refused)
        var long = Self.flowing()
        _ = long.drain(at: F.at(1))
        #expect(long.check(at: F.at(3_601_000)) == .stays)
        _ = long.drain(at: F.at(3_601_000))
        #expect(long.isDone)
    }
}
