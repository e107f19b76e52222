import ObserverCore
import SeededNumbers
import System
import Testing

@testable import ObserverWeb

@Suite struct SignInThrottleTests {
    private var throttle = SignInThrottle()
    private let home = SignInNetwork("192.0.2.7")
    private let elsewhere = SignInNetwork("198.51.100.4")

    private func moment(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000_000) + .milliseconds(Int64(seconds * 1000))
    }

    @Test mutating func `five failures in half a minute are looked at, and what is left of it is told`() {
        let attempt = SignInThrottle.Attempt(account: "ada", network: home)
        for second in 0..<5 { #expect(throttle.attempt(attempt, now: moment(Double(second))) == .admitted) }
        #expect(throttle.attempt(attempt, now: moment(10)) == .wait(.seconds(21)))
        // The refused try counted: it is the second of five that has to leave the half minute.
        #expect(throttle.attempt(attempt, now: moment(31)) == .admitted)
    }

    @Test mutating func `whoever guesses without pause is not looked at again, and nobody else waits`() {
        let stranger = SignInThrottle.Attempt(account: "admin", network: home)
        var admitted = 0
        for second in 0..<600 where throttle.attempt(stranger, now: moment(Double(second))) == .admitted {
            admitted += 1
        }
        #expect(admitted <= 10)
        let now = moment(600)
        #expect(throttle.attempt(.init(account: "admin", network: elsewhere), now: now) == .admitted)
        let browser = SignInThrottle.Attempt(account: "admin", network: home, device: [1])
        #expect(throttle.attempt(browser, now: now) == .admitted)
        guard case .wait(let wait) = throttle.attempt(stranger, now: now) else {
            Issue.record("the stranger is looked at")
            return
        }
        #expect(wait <= .seconds(900) && wait > .seconds(800))
        let known = SignInThrottle.Attempt(account: "admin", network: home, isKnownNetwork: true)
        guard case .wait(let shorter) = throttle.attempt(known, now: now) else {
            Issue.record("the network has guessed for ten minutes")
            return
        }
        #expect(shorter <= .seconds(300))
    }

    @Test mutating func `a right password forgets its failures, and a new one forgets all of an account`() {
        let attempt = SignInThrottle.Attempt(account: "ada", network: home)
        for _ in 0..<4 { #expect(throttle.attempt(attempt, now: moment(0)) == .admitted) }
        #expect(throttle.attempt(attempt, now: moment(1)) == .admitted)
        throttle.succeeded(attempt)
        for _ in 0..<5 { #expect(throttle.attempt(attempt, now: moment(2)) == .admitted) }
        #expect(throttle.attempt(attempt, now: moment(3)) != .admitted)
        let cleared = SignInThrottle.Attempt(account: "ada", network: home, clearance: 7, newestClearance: 7)
        #expect(throttle.attempt(cleared, now: moment(4)) == .admitted)
    }

    @Test mutating func `where many networks guess at an account, one that is new waits a moment and then comes in`() {
        for number in 0..<30 {
            let network = SignInNetwork("203.0.113.\(number)")
            for _ in 0..<5 { _ = throttle.attempt(.init(account: "admin", network: network), now: moment(0)) }
        }
        let person = SignInThrottle.Attempt(account: "admin", network: home)
        guard case .wait(let wait) = throttle.attempt(person, now: moment(1)) else {
            Issue.record("a stranger was looked at without delay")
            return
        }
        #expect(wait <= SignInThrottle.longestDelay)
        guard case .wait(let left) = throttle.attempt(person, now: moment(3)) else {
            Issue.record("a stranger was looked at too early")
            return
        }
        #expect(left == wait - .seconds(2))
        #expect(throttle.attempt(person, now: moment(1) + wait) == .admitted)
        var known = person
        known.isKnownNetwork = true
        #expect(throttle.attempt(known, now: moment(2)) == .admitted)
        #expect(throttle.attempt(.init(account: "ada", network: elsewhere), now: moment(2)) == .admitted)
    }

    @Test func `an IPv6 subscriber is one network, and an IPv4 address is one however it is written`() {
        #expect(SignInNetwork("2001:db8:1:2::5") == SignInNetwork("2001:db8:1:2:ffff::1"))
        #expect(SignInNetwork("2001:db8:1:2::5") != SignInNetwork("2001:db8:1:3::5"))
        #expect(SignInNetwork("::ffff:192.0.2.7") == home)
        #expect(SignInNetwork("unix:").description == "unix:")
    }

    @Test(arguments: 1...SignInWorld.seeds)
    func `no attacker of any kind keeps a person out, or guesses more than the limits allow`(seed: UInt64) {
        var world = SignInWorld(seed: seed)
        world.run()
        #expect(world.problems.isEmpty, "\(world.problems.prefix(3)), seed \(seed)")
    }
}
