import ObserverCore
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
}
