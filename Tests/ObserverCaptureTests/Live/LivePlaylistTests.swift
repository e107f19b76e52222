import Media
import ObserverCore
import System
import Testing

@testable import ObserverCapture

@Suite struct LivePlaylistTests {
    private typealias F = LiveFixtures

    private static func list() -> LivePlaylist {
        LivePlaylist(at: F.at(0), time: Timestamp(milliseconds: 1_764_247_300_000))
    }

    private static func content(_ list: LivePlaylist, _ name: String) -> String? {
        list.bytes(named: name).map { F.content($0.flatMap(\.framed)) }
    }

    @Test func `units go from key frame to key frame and are at least a second long`() {
        var list = Self.list()
        list.begin(F.join(), group: nil)
        #expect(list.text == nil)
        for index in 0..<8 {
            list.take(F.fragment("f\(index);", Double(index) * 0.5, 0.5, index % 2 == 0 ? .idr : .dependent))
        }
        #expect(
            list.text == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-TARGETDURATION:5
                #EXT-X-MEDIA-SEQUENCE:1764247300
                #EXT-X-DISCONTINUITY-SEQUENCE:0
                #EXT-X-MAP:URI="live/init-1764247300.mp4"
                #EXTINF:1.000,
                live/1764247300.mp4
                #EXTINF:1.000,
                live/1764247301.mp4
                #EXTINF:1.000,
                live/1764247302.mp4

                """
        )
        #expect(Self.content(list, "1764247301") == "f2;f3;")
        #expect(Self.content(list, "init-1764247300") == "[head]")
        for name in ["", "init-", "1", "init-1", "x", "-1", "1764247303"] { #expect(list.bytes(named: name) == nil) }
    }

    @Test func `the group so far is the first unit, cut where fragments end`() {
        var list = Self.list()
        var join = F.join(group: 100..<140)
        join.groupStart90k = 900_000
        join.marks = (1...8).map { LiveMark(bytes: Int64($0) * 5, end90k: 900_000 + Int64($0) * 63_000) }
        list.begin(join, group: Array("aaaa;bbbb;cccc;dddd;eeee;ffff;gggg;hhhh;".utf8))
        // A player finds enough to begin with at once.
        #expect(list.text?.contains("#EXTINF:4.200,") == true)
        #expect(Self.content(list, "1764247300") == "aaaa;" && Self.content(list, "1764247301") == "bbbb;")
        #expect(Self.content(list, "1764247302") == "cccc;dddd;eeee;ffff;gggg;hhhh;")
    }

    @Test func `whoever asks first does not wait for the next key frame`() {
        var list = Self.list()
        list.begin(F.join(), group: nil)
        for index in 0..<3 {
            #expect(list.text == nil)
            list.take(F.fragment("a\(index);", Double(index) * 0.7, 0.7, index == 0 ? .idr : .dependent))
            list.ask(at: F.at(0))
        }
        #expect(list.text?.contains("#EXTINF:0.700,") == true)
    }

    @Test func `without key frames a unit ends before the target duration`() {
        var list = Self.list()
        list.begin(F.join(), group: nil)
        for index in 0..<100 { list.take(F.fragment("f;", Double(index) * 0.7, 0.7, index == 0 ? .idr : .dependent)) }
        let lengths = (list.text ?? "").split(separator: "\n").filter { $0.hasPrefix("#EXTINF:") }
            .compactMap { Double($0.dropFirst(8).dropLast()) }
        #expect(!lengths.isEmpty && lengths.allSatisfy { $0 <= 4.5 })
        #expect(lengths.reduce(0, +) >= 15)
    }

    @Test func `a new beginning is a discontinuity with a head of its own, and is counted when it has gone`() {
        var list = Self.list()
        list.begin(F.join(), group: nil)
        for index in 0..<4 { list.take(F.fragment("a\(index);", Double(index), 1, .idr)) }
        list.begin(F.join(), group: nil)
        // Nothing can begin without a key frame.
        list.take(F.fragment("lost;", 1, 1, .dependent))
        for index in 0..<4 { list.take(F.fragment("b\(index);", Double(index) + 2, 1, .idr)) }
        let text = list.text ?? ""
        let tags = "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"live/init-1764247304.mp4\"\n"
        #expect(text.contains("live/1764247303.mp4\n\(tags)"))
        #expect(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:0\n"))
        for index in 4..<60 { list.take(F.fragment("b\(index);", Double(index) + 2, 1, .idr)) }
        #expect(list.text?.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n") == true)
        #expect(list.text?.contains("#EXT-X-DISCONTINUITY\n") == false)
        #expect(Self.content(list, "init-1764247300") == nil && Self.content(list, "init-1764247304") == "[head]")
    }

    @Test func `it keeps little, and goes when nobody asks`() {
        var list = Self.list()
        list.begin(F.join(), group: nil)
        let large = MediaBytes([UInt8](repeating: 1, count: 4 << 20))
        for index: Int64 in 0..<100 {
            let fragment = LiveFragment(
                bytes: large,
                start90k: index * 90_000,
                end90k: (index + 1) * 90_000,
                kind: .idr,
                hasAudio: false
            )
            list.take(fragment)
        }
        let kept = (1_764_247_300..<1_764_247_400).count { list.bytes(named: "\($0)") != nil }
        #expect(kept >= 3 && kept <= 12)
        list.ask(at: F.at(5000))
        #expect(!list.isOver(at: F.at(34_000)) && list.isOver(at: F.at(36_000)))
    }
}
