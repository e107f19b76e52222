import Lifecycle
import Synchronization
import Testing

@Suite struct LifecycleTests {
    @Test func `a thread runs its body and can be joined`() {
        let ran = Atomic(false)
        withExtendedLifetime(ran) {
            let done = Monitor(false)
            let thread = DedicatedThread.start(name: "a-name-that-is-longer-than-fifteen-bytes") {
                done.withLock { $0 = true }
            }
            thread.join()
            #expect(done.withLock { $0 })
        }
    }

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

    @Test func `a stop wakes waiters and runs each action once`() {
        let token = StopSignal()
        let count = Monitor(0)
        token.onStop { count.withLock { $0 += 1 } }
        let waiter = DedicatedThread.start(name: "waiter") { token.wait() }
        token.stop()
        token.stop()
        waiter.join()
        token.onStop { count.withLock { $0 += 10 } }
        #expect(count.withLock { $0 } == 11)
        #expect(token.wait(for: .seconds(60)))
    }

    @Test func `a queue keeps order, refuses what is over its limit, and drains after it was closed`() {
        let queue = BlockingQueue<Int>(limit: 200)
        for number in 0..<200 { #expect(queue.push(number)) }
        #expect(!queue.push(200))
        queue.close()
        #expect((0..<200).map { _ in queue.pop(within: .zero) } == (0..<200).map { $0 })
        #expect(queue.pop(within: .seconds(60)) == nil)
        #expect(!queue.push(1))
    }

    @Test func `what several threads push is taken exactly once`() {
        let queue = BlockingQueue<Int>(limit: 100_000)
        let sum = Monitor((count: 0, total: 0))
        let takers = (0..<4).map { _ in
            DedicatedThread.start(name: "taker") {
                while let number = queue.pop(within: .seconds(10)) {
                    sum.withLock {
                        $0.count += 1
                        $0.total += number
                    }
                }
            }
        }
        let makers = (0..<4).map { maker in
            DedicatedThread.start(name: "maker") { for number in 0..<1000 { queue.push(maker * 1000 + number) } }
        }
        for maker in makers { maker.join() }
        queue.close()
        for taker in takers { taker.join() }
        #expect(sum.withLock { $0.count } == 4000)
        #expect(sum.withLock { $0.total } == (0..<4000).reduce(0, +))
    }

    @Test func `a back-off grows to its limit and begins again`() {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(5), jitter: 0)
        #expect(
            (0..<5).map { _ in backoff.next() } == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)]
        )
        backoff.reset()
        #expect(backoff.next() == .seconds(1))
    }

    @Test func `full jitter stays between nothing and the step`() {
        var backoff = Backoff(first: .seconds(4), factor: 1, limit: .seconds(4))
        let waits = (0..<200).map { _ in backoff.next() }
        #expect(waits.allSatisfy { $0 >= .zero && $0 <= .seconds(4) })
        #expect(waits.contains { $0 < .seconds(1) } && waits.contains { $0 > .seconds(3) })
    }
}
