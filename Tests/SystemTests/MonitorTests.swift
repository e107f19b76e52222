import System
import Testing

@Suite struct MonitorTests {
    @Test func `a wait ends at its deadline`() {
        let condition = Monitor(0)
        let start = MonotonicInstant.now()
        #expect(!condition.wait(until: start + .milliseconds(30)) { $0 > 0 })
        #expect(MonotonicInstant.now() - start >= .milliseconds(30))
    }

    @Test func `a wait ends when the state changes`() {
        let condition = Monitor(0)
        DedicatedThread.start(name: "changer") { condition.withLock { $0 = 1 } }
        #expect(condition.wait(until: MonotonicInstant.now() + .seconds(10)) { $0 == 1 })
    }
}
