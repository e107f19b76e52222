import ObserverCore
import TestSupport
import Testing

@testable import Spool

@Suite struct ReceiptDestinationTests {
    private let segment = Segment.sample(at: SegmentHeader.sampleStart)

    private func receipt(in destinations: DestinationSet) -> Receipt {
        Receipt(segment: segment, etag: "x", storedAt: segment.startedAt, tries: 1, destinations: destinations)
    }

    @Test func `a receipt says where the object is`() {
        for destinations in [DestinationSet.home, .second, [.home, .third], .all] {
            let receipt = receipt(in: destinations)
            #expect(ReceiptLine(receipt).receipt == receipt)
        }
    }

    @Test func `a receipt of a time with one destination means home`() throws {
        let text = String(decoding: SpoolJSON.encode(receipt(in: .home)), as: UTF8.self)
        #expect(!text.contains("destinations"))
        #expect(ReceiptLine(segment.id, json: Array(text.utf8.dropLast())).receipt?.destinations == .home)
    }

    @Test func `a receipt of destinations that there are not is no proof`() {
        for destinations in [DestinationSet(), DestinationSet(rawValue: 8), DestinationSet(rawValue: -1)] {
            #expect(ReceiptLine(receipt(in: destinations)).receipt == nil)
        }
    }
}
