import ObserverCore
import System
import Testing

@testable import ObserverCapture

@Suite struct HandOversTests {
    private static func at(_ seconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: (1000 + seconds) * 1_000_000_000)
    }

    private let cameras = (1...3).map { CameraID(rawValue: $0) }

    @Test func `a recorder goes on with a camera that left until the other has it, ten seconds at most`() {
        var handOvers = HandOvers(limit: .seconds(10))
        handOvers.update(recorded: cameras, own: [cameras[0]], at: Self.at(0))
        #expect(handOvers.cameras == [cameras[1], cameras[2]])
        #expect(handOvers.end(taken: [], at: Self.at(1)).isEmpty)
        #expect(handOvers.end(taken: [cameras[1]], at: Self.at(2)) == [cameras[1]])
        // Noticed again, it does not begin anew.
        handOvers.update(recorded: [cameras[0], cameras[2]], own: [cameras[0]], at: Self.at(9))
        #expect(handOvers.end(taken: [], at: Self.at(10)) == [cameras[2]])
        #expect(handOvers.cameras.isEmpty)
    }

    @Test func `a camera that comes back is not ended`() {
        var handOvers = HandOvers(limit: .seconds(10))
        handOvers.update(recorded: cameras, own: [], at: Self.at(0))
        handOvers.update(recorded: cameras, own: Set(cameras), at: Self.at(1))
        #expect(handOvers.end(taken: Set(cameras), at: Self.at(20)).isEmpty)
    }
}
