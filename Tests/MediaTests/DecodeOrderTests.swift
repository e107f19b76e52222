import Testing

@testable import Media

@Suite struct DecodeOrderTests {
    /// Presentation numbers in decode order: I P B B, or with a pyramid I P B b b.
    static let simple = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11]
    static let pyramid = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11]

    private static func times(_ shown: [Int], depth: Int) -> [Int64] {
        var order = DecodeOrder(depth: depth)
        return shown.map { order.decodeTime(presentation: Int64($0) * 3600, duration: 3600) / 3600 }
    }

    @Test func `frames that come in order are decoded when they are shown`() {
        #expect(Self.times(Array(0..<50), depth: 0) == Array(0..<50))
    }

    @Test(arguments: [(simple, 1), (pyramid, 2)])
    func `decode times grow evenly from the first frame on, and none lies behind its presentation`(
        shown: [Int],
        depth: Int
    ) {
        let times = Self.times(shown, depth: depth)
        #expect(times == (0..<shown.count).map { Int64($0 - depth) })
        #expect(zip(times, shown).allSatisfy { $0 <= Int64($1) })
    }

    @Test(arguments: [(simple, 10), (pyramid, 9)])
    func `an order deeper than was said is noticed within some frames`(shown: [Int], group: Int) {
        var order = DecodeOrder(depth: 0)
        var times: [Int64] = []
        for number in 0..<10 {
            for place in shown.prefix(group) {
                let presentation = Int64(place + number * group) * 3600
                times.append(order.decodeTime(presentation: presentation, duration: 3600))
            }
        }
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        #expect((1...2).contains(order.depth))
        let steps = zip(times, times.dropFirst()).map { $1 - $0 }.suffix(70)
        #expect(steps.allSatisfy { $0 == 3600 }, "\(steps)")
    }

    @Test func `a jump of the clock begins anew`() {
        var order = DecodeOrder(depth: 2)
        for place in Self.pyramid { _ = order.decodeTime(presentation: Int64(place) * 3600, duration: 3600) }
        for base: Int64 in [1 << 40, -(1 << 40), 0] {
            let times = Self.pyramid.map { order.decodeTime(presentation: base + Int64($0) * 3600, duration: 3600) }
            #expect(times == (0..<Self.pyramid.count).map { base + Int64($0 - 2) * 3600 })
        }
    }

    @Test func `a clock that stands still is passed on, so that it is seen`() {
        #expect(Self.times([5, 5, 5, 5, 5, 5], depth: 0) == [5, 5, 5, 5, 5, 5])
    }
}
