import System
import Testing

@testable import Lifecycle

@Suite struct SemaphoreTests {
    private static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func `a released slot is free at once`() throws {
        var slots = SemaphoreSlots(count: 2, lease: nil)
        let first = slots.acquire(at: Self.at(0))
        let second = slots.acquire(at: Self.at(0))
        let third = slots.acquire(at: Self.at(1_000_000))
        #expect(second != nil && third == nil)
        slots.release(try #require(first))
        let fourth = slots.acquire(at: Self.at(1))
        #expect(fourth != nil)
    }

    @Test func `holders that hang keep others out for the lease at most`() throws {
        var slots = SemaphoreSlots(count: 16, lease: .seconds(1))
        var hanging: [Int] = []
        for _ in 0..<16 {
            let slot = slots.acquire(at: Self.at(0))
            hanging.append(try #require(slot))
        }
        #expect(slots.firstExpiry == Self.at(1000))
        let early = slots.acquire(at: Self.at(999))
        let returning = slots.acquire(at: Self.at(1000))
        #expect(early == nil && returning != nil)
        // Releasing a slot whose lease has ended frees no slot of another holder.
        for slot in hanging { slots.release(slot) }
        var count = 0
        while slots.acquire(at: Self.at(1001)) != nil { count += 1 }
        #expect(count == 15)
    }

    @Test func `a waiting thread gets a slot when its lease ends, without a release`() throws {
        let semaphore = Semaphore(count: 1, lease: .milliseconds(50))
        let begin = MonotonicInstant.now()
        let hanging = semaphore.acquire(within: .zero)
        let next = semaphore.acquire(within: .seconds(30))
        #expect(hanging != nil && next != nil && hanging != next)
        #expect(MonotonicInstant.now() - begin < .seconds(10))
    }

    @Test func `a wait ends at its limit and at a stop`() {
        let semaphore = Semaphore(count: 1)
        let held = semaphore.acquire(within: .zero)
        #expect(held != nil)
        #expect(semaphore.acquire(within: .milliseconds(20)) == nil)
        let stop = StopSignal()
        let waiter = DedicatedThread.start(name: "waiter") { #expect(semaphore.acquire(until: stop) == nil) }
        stop.stop()
        #expect(waiter.join(until: .now() + .seconds(10)))
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
