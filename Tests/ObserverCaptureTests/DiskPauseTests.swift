import ObserverCore
import Testing

@testable import ObserverCapture

@Suite struct DiskPauseTests {
    private static let total: Int64 = 100 << 30
    private static let roomy = total / 2
    private static let low = total / 50
    private static let full = total / 200

    private func priorities(_ priorities: [Int64: Int]) -> [CameraID: Int] {
        Dictionary(priorities.map { (CameraID(rawValue: $0.key), $0.value) }) { first, _ in first }
    }

    private func paused(_ pause: inout DiskPause, free: Int64, _ cameras: [Int64: Int]) -> [Int64] {
        pause.update(freeBytes: free, totalBytes: Self.total, priorities: priorities(cameras)).map(\.rawValue).sorted()
    }

    @Test func `the lowest priority pauses first, and among equals the highest number`() {
        let cameras: [Int64: Int] = [1: 0, 2: -100, 3: 0, 4: 100, 5: -1]
        var pause = DiskPause()
        #expect(paused(&pause, free: Self.roomy, cameras) == [])
        #expect(paused(&pause, free: Self.low, cameras) == [2])
        #expect(paused(&pause, free: Self.low, cameras) == [2, 5])
        #expect(paused(&pause, free: Self.low, cameras) == [2, 3, 5])
        #expect(paused(&pause, free: Self.low, cameras) == [1, 2, 3, 5])
        #expect(paused(&pause, free: Self.low, cameras) == [1, 2, 3, 4, 5])
        #expect(paused(&pause, free: Self.low, cameras) == [1, 2, 3, 4, 5])
    }

    @Test func `a full disk pauses all at once, and room lets all resume`() {
        var pause = DiskPause()
        #expect(paused(&pause, free: Self.full, [1: 0, 2: 5]) == [1, 2])
        // Between low and twice that: neither more nor fewer.
        #expect(paused(&pause, free: Self.total / 25, [1: 0, 2: 5]) == [1, 2])
        #expect(paused(&pause, free: Self.roomy, [1: 0, 2: 5]) == [])
    }

    @Test func `a changed priority changes who pauses`() {
        var pause = DiskPause()
        #expect(paused(&pause, free: Self.low, [1: 0, 2: 5]) == [1])
        #expect(paused(&pause, free: Self.total / 25, [1: 10, 2: 5]) == [2])
    }
}
