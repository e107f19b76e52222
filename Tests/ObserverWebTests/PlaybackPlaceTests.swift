import ObserverCore
import ObserverWeb
import Testing

/// The store from which a recording is played.
@Suite struct PlaybackPlaceTests {
    @Test func `the first store that holds it and answers hands it out`() {
        #expect(SegmentsAPI.choose(from: .home, away: []) == .home)
        #expect(SegmentsAPI.choose(from: [.home, .third], away: .second) == .home)
        #expect(SegmentsAPI.choose(from: [.home, .third], away: .home) == .third)
        #expect(SegmentsAPI.choose(from: .second, away: []) == .second)
    }

    @Test func `when none answers the first is tried all the same, and none without one`() {
        #expect(SegmentsAPI.choose(from: [.second, .third], away: .all) == .second)
        #expect(SegmentsAPI.choose(from: [], away: []) == nil)
    }
}
