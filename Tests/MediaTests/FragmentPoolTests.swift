import Encodings
import Testing

@testable import Media

@Suite struct FragmentPoolTests {
    private static let limit = 8 << 20

    @Test func `memory that came back is lent again where it fits, and is empty`() {
        let pool = FragmentPool()
        let first = pool.take(capacity: 100_000, limit: Self.limit)
        first.append([1, 2, 3])
        pool.give(first)
        #expect(pool.take(capacity: 500_000, limit: Self.limit) !== first)
        let again = pool.take(capacity: 90_000, limit: Self.limit)
        #expect(again === first && again.isEmpty)
    }

    @Test func `a fragment gives its memory back when nobody holds its bytes any more`() throws {
        let pool = FragmentPool()
        var fragmenter = Fragmenter(pool: pool)
        fragmenter.video.append([UInt8](repeating: 7, count: 1000))
        fragmenter.add(Fragmenter.Frame(decode: 90_000, kind: .idr), at: fragmenter.frameStart..<fragmenter.video.count)
        var fragment = fragmenter.end(until: 93_600, sequence: 1, wallClock: 0)
        #expect(fragment?.frames == 1 && pool.freeBytes == 0)
        fragment = nil
        #expect(pool.freeBytes > 1000)
    }

    @Test func `what waits is bounded, and the size that is no longer asked for goes first`() {
        let pool = FragmentPool()
        let small = (0..<16).map { _ in pool.take(capacity: 1000, limit: Self.limit) }
        let large = (0..<16).map { _ in pool.take(capacity: 300_000, limit: Self.limit) }
        for buffer in small + large { pool.give(buffer) }
        #expect(pool.freeBytes >= 16 * 300_000 && pool.freeBytes < 17 * 330_000)
        let again = pool.take(capacity: 300_000, limit: Self.limit)
        #expect(large.contains { $0 === again })
    }
}
