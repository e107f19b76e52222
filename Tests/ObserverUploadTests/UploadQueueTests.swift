import ObserverCore
import Testing

@testable import ObserverUpload

@Suite struct WaitingLineTests {
    @Test func `oldest and newest are taken in turn`() {
        let ids = (0..<5).map { SegmentID.make(at: Timestamp(milliseconds: 1_700_000_000_000 + Int64($0) * 1000)) }
        var line = UploadQueue()
        for id in ids.shuffled() { line.insert(id) }
        line.insert(ids[2])
        #expect(line.count == 5)
        var taken: [SegmentID] = []
        while let id = line.take() { taken.append(id) }
        #expect(taken == [ids[0], ids[4], ids[1], ids[3], ids[2]])
    }
}
