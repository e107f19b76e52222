import System
import Testing

@testable import ObserverCapture

@Suite struct ProcessLoadTests {
    @Test func `a thread that works all the time is about one processor`() {
        var load = ProcessLoad()
        let end = MonotonicInstant.now() + .milliseconds(400)
        var sum = 0.0
        while !end.hasPassed { sum += Double(sum.bitPattern % 7).squareRoot() }
        let measured = load.measure()
        #expect(sum >= 0 && measured > 0.1 && measured < 256)
    }
}
