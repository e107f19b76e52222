import ObserverCore
import ObserverStore
import Testing

/// The page of an answer about all cameras.
@Suite struct CameraGlancesTests {
    private func camera(_ id: Int64, _ state: CameraState = .recording, matches: Bool = true) -> CameraGlance {
        CameraGlance(id: CameraID(rawValue: id), state: state, matches: matches)
    }

    private func ids(_ numbers: Int64...) -> [CameraID] { numbers.map(CameraID.init) }

    @Test func `a page begins after its place and has as many as it may`() {
        let all = (1...9).map { camera($0) }
        let glances = CameraGlances(all, CameraQuery(limit: 3, after: CameraID(rawValue: 4)))
        #expect(glances.page.map(\.id) == ids(5, 6, 7))
        #expect(glances.matching.count == 9 && glances.total == 9)
    }

    @Test func `counts know no filter, and what is kept takes no place from others`() {
        let all = [camera(1, .off), camera(2), camera(3, matches: false), camera(4), camera(5, .retrying)]
        let query = CameraQuery(state: .recording, ids: ids(1, 3, 77), limit: 2)
        let glances = CameraGlances(all, query)
        #expect(glances.counts == [.off: 1, .recording: 3, .retrying: 1])
        #expect(glances.matching == ids(2, 4))
        #expect(glances.page.map(\.id) == ids(1, 2, 3, 4))
    }
}
