import Glibc
import System
import Testing

@Suite struct DedicatedThreadTests {
    @Test func `a thread runs its body and can be joined`() {
        let done = Monitor(false)
        let thread = DedicatedThread.start(name: "a-name-that-is-longer-than-fifteen-bytes") {
            done.withLock { $0 = true }
        }
        thread.join()
        #expect(done.withLock { $0 })
    }

    @Test func `a join ends at its deadline while the body runs`() {
        let mayEnd = Monitor(false)
        let thread = DedicatedThread.start(name: "waits") { mayEnd.wait { $0 } }
        #expect(!thread.join(until: .now() + .milliseconds(20)))
        mayEnd.withLock { $0 = true }
        #expect(thread.join(until: .now() + .seconds(10)))
    }

    @Test func `signals of other processes are blocked, those of a thread's own mistakes are not`() {
        let seen = Monitor([Int32: Bool]())
        DedicatedThread.start(name: "masked") {
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            for number in [SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGSEGV] {
                let isBlocked = sigismember(&mask, number) == 1
                seen.withLock { $0[number] = isBlocked }
            }
        }.join()
        let expected = [SIGTERM: true, SIGINT: true, SIGHUP: true, SIGCHLD: true, SIGSEGV: false]
        #expect(seen.withLock { $0 } == expected)
    }
}
