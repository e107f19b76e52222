import Glibc
import SeededNumbers
import System

@testable import ObserverWeb

/// A quarter of an hour at a sign-in page: a seed decides which attackers guess at `admin`, and how; two people come in meanwhile.
struct SignInWorld {
    /// The number of seeds: 200, or what `OBSERVER_TEST_SEEDS` asks for.
    static let seeds = getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 200

    private enum Attacker {
        /// One address, so many tries a second.
        case hammer(network: Int, pause: Int)
        /// Exactly as fast as it is told.
        case patient(network: Int)
        /// Many networks in turn.
        case swarm(networks: Int, pause: Int)
        /// Names that nobody has, from many networks, to fill the memory.
        case names(pause: Int)
    }

    private(set) var problems: [String] = []
    private var generator: SeededGenerator
    private var throttle = SignInThrottle()
    private var attackers: [Attacker] = []
    private var looked: [SignInNetwork: [Int]] = [:]
    private var ready: [Int: Int] = [:]
    private var step = 0
    private let start = MonotonicInstant(nanoseconds: 5_000_000_000_000)
    /// In halves of a second.
    private static let length = 1800

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let pause = Int.random(in: 1...20, using: &generator)
            switch Int.random(in: 0...3, using: &generator) {
            case 0: attackers.append(.hammer(network: Int.random(in: 0...3, using: &generator), pause: pause))
            case 1: attackers.append(.patient(network: Int.random(in: 0...3, using: &generator)))
            case 2: attackers.append(.swarm(networks: Int.random(in: 2...2000, using: &generator), pause: pause))
            default: attackers.append(.names(pause: pause))
            }
        }
    }

    private var now: MonotonicInstant { start + .milliseconds(step * 500) }

    mutating func run() {
        // The first sits beside an attacker, with a browser that is known; the second comes from where nobody is known.
        let browser = SignInThrottle.Attempt(account: "admin", network: Self.network(0), device: [9])
        let traveller = SignInThrottle.Attempt(account: "admin", network: SignInNetwork("192.0.2.200"))
        let arrival = Int.random(in: 0..<(Self.length - 150), using: &generator)
        var due = arrival
        var isIn = false
        while step < Self.length {
            for index in attackers.indices { attack(index) }
            if step % 60 == 0 {
                if throttle.attempt(browser, now: now) != .admitted { problems.append("a known browser waits") }
                throttle.succeeded(browser)
            }
            if step == due, !isIn {
                switch throttle.attempt(traveller, now: now) {
                case .admitted: isIn = true
                case .wait(let wait): due = step + Self.steps(wait)
                }
            }
            step += 1
        }
        if !isIn || due - arrival > 125 { problems.append("somebody from elsewhere waited \(due - arrival) steps") }
        for (network, steps) in looked {
            for (index, first) in steps.enumerated() where index + 20 < steps.count && steps[index + 20] - first < 1800
            {
                problems.append("\(network) guessed more than 20 times in a quarter of an hour")
                break
            }
        }
        if throttle.size > 2 * SignInThrottle.mostPairs + SignInThrottle.mostNetworks + SignInThrottle.mostAccounts {
            problems.append("\(throttle.size) entries")
        }
    }

    private mutating func attack(_ index: Int) {
        switch attackers[index] {
        case .hammer(let network, let pause):
            if step % pause == 0 { guess("admin", Self.network(network)) }
        case .patient(let network):
            if step >= ready[index, default: 0] {
                ready[index] = step + max(guess("admin", Self.network(network)), 1)
            }
        case .swarm(let networks, let pause):
            if step % pause == 0 { guess("admin", Self.network(10 + Int.random(in: 0..<networks, using: &generator))) }
        case .names(let pause):
            if step % pause == 0 {
                guess("x\(generator.next())", Self.network(5000 + Int.random(in: 0...50_000, using: &generator)))
            }
        }
    }

    /// - Returns: The steps that it is told to wait.
    @discardableResult
    private mutating func guess(_ account: String, _ network: SignInNetwork) -> Int {
        switch throttle.attempt(.init(account: account, network: network), now: now) {
        case .admitted:
            if account == "admin" { looked[network, default: []].append(step) }
            return 0
        case .wait(let wait): return Self.steps(wait)
        }
    }

    private static func steps(_ wait: Duration) -> Int { Int((wait.wholeMilliseconds + 499) / 500) }

    private static func network(_ number: Int) -> SignInNetwork {
        SignInNetwork("network \(number)")
    }
}
