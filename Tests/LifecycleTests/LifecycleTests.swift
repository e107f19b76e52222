import System
import Lifecycle
import Synchronization
import Testing

@Suite struct LifecycleTests {
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
