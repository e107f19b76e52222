import Testing

@testable import Media

@Suite struct SegmenterTests {
    /// Cuts a stream of 25 frames a second with a key frame each `group` frames.
    static func cuts(
        seconds: Double,
        group: Int,
        count: Int,
        kind groupStart: FrameKind = .idr,
        firstSeconds: Double? = nil,
        change: (inout Segmenter.Frame, Int) -> Void = { _, _ in }
    ) -> [(Int, Segmenter.Reason)] {
        var segmenter = Segmenter(seconds: seconds, firstSeconds: firstSeconds)
        var result: [(Int, Segmenter.Reason)] = []
        for index in 0..<count {
            let kind = index % group == 0 ? groupStart : .dependent
            var next = Segmenter.Frame(
                decode: 90_000 + Int64(index) * 3600,
                arrival: Int64(index) * 40_000_000,
                kind: kind
            )
            change(&next, index)
            if index == 0 {
                segmenter.began(with: next)
            } else if case .cut(let reason) = segmenter.decide(next) {
                result.append((index, reason))
                segmenter.began(with: next)
            }
        }
        return result
    }

    @Test func `cuts lie on key frames at the wanted length`() {
        #expect(Self.cuts(seconds: 10, group: 50, count: 1001).map(\.0) == [250, 500, 750, 1000])
    }

    @Test func `a group that does not divide the length makes longer segments`() {
        #expect(Self.cuts(seconds: 10, group: 75, count: 700).map(\.0) == [300, 600])
    }

    @Test func `the first segment may be shorter`() {
        #expect(Self.cuts(seconds: 10, group: 25, count: 700, firstSeconds: 4).map(\.0) == [100, 350, 600])
    }

    @Test func `new parameter sets cut at once`() {
        let cuts = Self.cuts(seconds: 10, group: 50, count: 200) { $0.changesParameters = $1 == 100 }
        #expect(cuts.first?.0 == 100)
        #expect(cuts.first?.1 == .parameters)
    }

    @Test func `after a jump of the clock the next key frame cuts`() {
        let cuts = Self.cuts(seconds: 10, group: 50, count: 120) { $0.clockJumped = (60...100).contains($1) }
        #expect(cuts.map(\.0) == [100])
        #expect(cuts.first?.1 == .clock)
    }

    @Test func `recovery points count only where there has been nothing better for one and a half lengths`() {
        let cuts = Self.cuts(seconds: 10, group: 50, count: 25 * 60, kind: .recovery)
        #expect(cuts.map(\.0) == [400, 650, 900, 1150, 1400])
        #expect(cuts.allSatisfy { $0.1 == .duration })
    }

    @Test(arguments: [2.0, 10.0])
    func `without any key frame a segment is cut by force at twice the length`(seconds: Double) {
        let cuts = Self.cuts(seconds: seconds, group: 100_000, count: 25 * 300)
        let length = Int(seconds * 50)
        #expect(cuts.map(\.0) == Array(stride(from: length, to: 25 * 300, by: length)))
        #expect(cuts.allSatisfy { $0.1 == .oversize })
    }

    @Test func `after a forced cut the first key frame begins a segment that stands alone`() {
        // Key frames at 0 and 22 s; forced at 20 s.
        let cuts = Self.cuts(seconds: 10, group: 550, count: 1000)
        #expect(cuts.map(\.0) == [500, 550])
        #expect(cuts.map(\.1) == [.oversize, .duration])
    }

    @Test func `a key frame that is due a moment after twice the length begins the next segment`() {
        // Key frames each 20.04 s; that they come so regularly is known from the second on.
        let cuts = Self.cuts(seconds: 10, group: 501, count: 2100)
        #expect(cuts.map(\.0) == [500, 1002, 1503, 2004])
        #expect(cuts.dropFirst().allSatisfy { $0.1 == .duration })
    }

    @Test func `a segment waits for its time to be known while another key frame is due in time`() {
        for (seconds, group, expected) in [(3.0, 25, [150]), (3, 50, [150]), (3, 100, [100]), (2, 75, [75, 150])] {
            let cuts = Self.cuts(seconds: seconds, group: group, count: 151) { next, _ in next.time = .unknown }
            #expect(cuts.map(\.0) == expected, "\(seconds) s, a key frame each \(group) frames")
        }
        #expect(Self.cuts(seconds: 3, group: 25, count: 151) { next, _ in next.time = .unsure }.map(\.0) == [75, 150])
    }

    @Test func `no two cuts lie closer than a second, whatever changes`() {
        let cuts = Self.cuts(seconds: 2, group: 3, count: 500) { frame, index in
            frame.changesParameters = true
            frame.clockJumped = index % 2 == 0
            frame.segmentBytes = 1 << 30
        }
        #expect(zip([0] + cuts.map(\.0), cuts.map(\.0)).allSatisfy { $1 - $0 >= 25 })
        #expect(cuts.count >= 500 / 27)
    }

    @Test func `a change just after a cut waits for the first key frame a second later`() {
        let cuts = Self.cuts(seconds: 10, group: 10, count: 200) { frame, index in
            frame.changesParameters = (110...130).contains(index) || (112...140).contains(index)
        }
        #expect(cuts.map(\.0) == [110, 140])
    }

    @Test func `timestamps that race make four segments at once, then one a second`() {
        // Each frame a second after the one before it, 100 frames a second.
        let cuts = Self.cuts(seconds: 2, group: 1, count: 1000) { frame, index in
            frame.decode = 90_000 + Int64(index) * 90_000
            frame.duration = 90_000
            frame.arrival = Int64(index) * 10_000_000
        }
        #expect((10...14).contains(cuts.count), "\(cuts.count)")
    }

    @Test func `a network that was stuck delivers several segments at once, and each becomes one`() {
        let cuts = Self.cuts(seconds: 2, group: 50, count: 550) { frame, index in
            if (250..<400).contains(index) { frame.arrival = 400 * 40_000_000 }
        }
        #expect(cuts.map(\.0) == Array(stride(from: 50, to: 550, by: 50)))
    }

    @Test func `segments that were given up do not put off the cut of one that is written`() {
        var segmenter = Segmenter(seconds: 2)
        for index in 0..<500 {
            let time = Int64(index)
            segmenter.began(with: Segmenter.Frame(decode: time * 3600, arrival: time * 40_000_000, kind: .idr))
        }
        let next = Segmenter.Frame(decode: 499 * 3600 + 180_000, arrival: 499 * 40_000_000 + 2_000_000_000, kind: .idr)
        #expect(segmenter.decide(next) == .cut(.duration))
    }

    @Test func `a recording begins with an IDR frame, and with a recovery point where none comes`() {
        let segmenter = Segmenter(seconds: 10)
        #expect(segmenter.canBegin(with: .idr, waited: 0))
        #expect(!segmenter.canBegin(with: .recovery, waited: 14))
        #expect(segmenter.canBegin(with: .recovery, waited: 15))
        #expect(!segmenter.canBegin(with: .dependent, waited: 19))
        #expect(segmenter.canBegin(with: .dependent, waited: 20))
    }

    @Test func `a huge segment is cut at the next key frame`() {
        let cuts = Self.cuts(seconds: 300, group: 50, count: 200) { $0.segmentBytes = $1 * 1_000_000 }
        #expect(cuts.first?.0 == 100)
        #expect(cuts.first?.1 == .oversize)
    }
}
