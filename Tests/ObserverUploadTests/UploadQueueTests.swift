import ObserverCore
import SeededNumbers
import Testing

@testable import ObserverUpload

@Suite struct UploadQueueTests {
    @Test func `the newest are taken three times as often as the oldest`() {
        let ids = (0..<5).map { SegmentID.make(at: Timestamp(milliseconds: 1_700_000_000_000 + Int64($0) * 1000)) }
        var line = UploadQueue()
        for id in ids.shuffled() { line.insert(id) }
        line.insert(ids[2])
        #expect(line.count == 5)
        var taken: [SegmentID] = []
        while let id = line.take() { taken.append(id) }
        #expect(taken == [ids[4], ids[3], ids[2], ids[0], ids[1]])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `many at once are added like one by one`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ids = (0..<2000).map { _ in
            SegmentID.version7(
                at: Timestamp(milliseconds: Int64.random(in: 0...400, using: &random)),
                using: &random
            )
        }
        var (single, whole) = (UploadQueue(), UploadQueue())
        for _ in 0..<20 {
            let more = (0..<Int.random(in: 0...300, using: &random)).compactMap { _ in ids.randomElement(using: &random)
            }
            for id in more { single.insert(id) }
            whole.insert(more)
            #expect(single.count == whole.count)
            for _ in 0..<Int.random(in: 0...100, using: &random) { #expect(single.take() == whole.take()) }
        }
        while let id = single.take() { #expect(whole.take() == id) }
        #expect(whole.isEmpty)
    }
}
