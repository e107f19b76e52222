import ObserverCore
import System
import Testing

@testable import ObserverCapture

@Suite struct DiskPauseTests {
    private static let total: Int64 = 100 << 30
    private static let roomy = total / 2
    private static let full = total / 200

    private func priorities(_ priorities: [Int64: Int]) -> [CameraID: Int] {
        Dictionary(priorities.map { (CameraID(rawValue: $0.key), $0.value) }) { first, _ in first }
    }

    private func paused(
        _ pause: inout DiskPause,
        free: Int64,
        of total: Int64 = total,
        files: (free: Int64, total: Int64) = (0, 0),
        _ cameras: [Int64: Int]
    ) -> [Int64] {
        let space = DiskSpace(totalBytes: total, freeBytes: free, totalFiles: files.total, freeFiles: files.free)
        return pause.update(space, priorities: priorities(cameras)).map(\.rawValue).sorted()
    }

    @Test func `the less room the more pause, the lowest priority first and among equals the highest number`() {
        let cameras: [Int64: Int] = [1: 0, 2: -100, 3: 0, 4: 100, 5: -1]
        var pause = DiskPause()
        let found = [0.5, 0.031, 0.029, 0.025, 0.021, 0.017, 0.013, 0.011, 0.009].map { share in
            paused(&pause, free: Int64(Double(Self.total) * share), cameras)
        }
        #expect(
            found == [
                [], [], [2], [2, 5], [2, 3, 5], [1, 2, 3, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5],
            ]
        )
    }

    @Test func `a full disk pauses all at once, and room lets all resume`() {
        var pause = DiskPause()
        #expect(paused(&pause, free: Self.full, [1: 0, 2: 5]) == [1, 2])
        // A little more than little: neither more nor fewer.
        #expect(paused(&pause, free: Self.total / 25, [1: 0, 2: 5]) == [1, 2])
        #expect(paused(&pause, free: Self.roomy, [1: 0, 2: 5]) == [])
    }

    @Test func `a changed priority changes who pauses`() {
        var pause = DiskPause()
        #expect(paused(&pause, free: Self.total / 40, [1: 0, 2: 5]) == [1])
        #expect(paused(&pause, free: Self.total / 25, [1: 10, 2: 5]) == [2])
    }

    @Test func `a small disk pauses by an eighth, and the most important camera last`() {
        var pause = DiskPause()
        let total: Int64 = 64 << 20
        #expect(paused(&pause, free: 9 << 20, of: total, [1: 0, 2: 5]) == [])
        #expect(paused(&pause, free: 7 << 20, of: total, [1: 0, 2: 5]) == [1])
        #expect(paused(&pause, free: 5 << 20, of: total, [1: 0, 2: 5]) == [1, 2])
    }

    @Test func `a disk that can take no more files is full`() {
        var pause = DiskPause()
        let total: Int64 = 1_000_000
        #expect(paused(&pause, free: Self.roomy, files: (total / 2, total), [1: 0, 2: 5]) == [])
        #expect(paused(&pause, free: Self.roomy, files: (25_000, total), [1: 0, 2: 5]) == [1])
        #expect(paused(&pause, free: Self.roomy, files: (0, total), [1: 0, 2: 5]) == [1, 2])
        // Room of the other kind is not enough.
        #expect(paused(&pause, free: Self.roomy, files: (40_000, total), [1: 0, 2: 5]) == [1, 2])
        #expect(paused(&pause, free: Self.roomy, files: (total / 2, total), [1: 0, 2: 5]) == [])
    }
}
