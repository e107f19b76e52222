import System
import Testing

@testable import Lifecycle

@Suite struct SemaphoreTests {
    @Test func `a wait for a slot ends at its limit, and a slot that was left is free`() {
        let semaphore = Semaphore(count: 1)
        let inner = semaphore.withSlot(within: .zero) {
            semaphore.withSlot(within: .milliseconds(20)) { true }
        }
        #expect(inner == .some(nil))
        #expect(semaphore.withSlot(within: .zero) { true } == true)
    }

    @Test func `more threads than may wait are turned away at once`() {
        let semaphore = Semaphore(count: 1, waitingLimit: 2)
        let isHeld = Monitor(false)
        let mayGo = Monitor(false)
        let holder = DedicatedThread.start(name: "holder") {
            _ = semaphore.withSlot(within: .zero) {
                isHeld.withLock { $0 = true }
                mayGo.wait { $0 }
            }
        }
        isHeld.wait { $0 }
        let served = Monitor(0)
        let turnedAway = Monitor(0)
        let waiters = (0..<5).map { _ in
            DedicatedThread.start(name: "waiter") {
                let ran: Void? = semaphore.withSlot(within: .seconds(30)) { served.withLock { $0 += 1 } }
                if ran == nil { turnedAway.withLock { $0 += 1 } }
            }
        }
        #expect(turnedAway.wait(until: .now() + .seconds(10)) { $0 == 3 })
        mayGo.withLock { $0 = true }
        for thread in waiters + [holder] { #expect(thread.join(until: .now() + .seconds(10))) }
        #expect(served.withLock { $0 } == 2)
    }
}
