import ObserverCore
import Testing

@Suite struct DestinationTests {
    @Test func `a set is the sum of its members' bits, in order`() {
        #expect(DestinationSet([Destination.third, .home]).rawValue == 5)
        #expect(DestinationSet(rawValue: 6).members == [.second, .third] && DestinationSet.all.count == 3)
    }

    @Test func `the first ones in order are told from others`() {
        let first = (1...7).filter { DestinationSet(rawValue: Int16($0)).isFirst }
        #expect(first == [1, 3, 7])
    }

    @Test func `a destination is found by its word`() {
        #expect(Destination.allCases.allSatisfy { Destination(word: $0.word) == $0 } && Destination(word: "") == nil)
    }
}
