import ObserverCore
package import System

/// Limits guesses at passwords, so that no stranger can turn the limit into a lock-out.
///
/// Failures count for an account *and* the place that the tries come from, so whoever guesses is kept waiting and nobody else.
/// A browser that has signed in to the account before has a place of its own; a network that has is not counted with
/// strangers, and never waits longer than five minutes. Where strangers guess at one account from many networks, a network that is not known
/// has to wait a moment before its try is looked at: a delay, not a lock.
///
/// A try counts as a failure from its beginning, so that many at once are not looked at for the price of one; tries that are
/// refused count as well. Everything here is bounded, whatever strangers send.
package struct SignInThrottle: Sendable {
    /// The failures allowed within a period; after that, the oldest of them has to become older than the period.
    struct Limit {
        let failures: Int
        let period: Duration
    }

    /// OWASP ASVS 6.3.1 asks for a limit that is no lock-out: fewer than 100 guesses an hour, at any one place.
    static let strangerLimits = [
        Limit(failures: 5, period: .seconds(30)), Limit(failures: 10, period: .seconds(300)),
        Limit(failures: 20, period: .seconds(900)),
    ]
    /// Of a network from which somebody has signed in to the account before: it can have a stranger in it too.
    static let knownLimits = [Limit(failures: 5, period: .seconds(30)), Limit(failures: 10, period: .seconds(300))]
    /// Of a network over all accounts; many people can share one.
    static let networkLimits = [
        Limit(failures: 30, period: .seconds(60)), Limit(failures: 100, period: .seconds(900)),
    ]
    /// So many failures of strangers at one account in 15 minutes come from more than two networks.
    static let attackFrom = 50
    private static let attackPeriod = Duration.seconds(900)
    /// The longest delay of a stranger while many networks guess at an account.
    static let longestDelay = Duration.seconds(60)
    /// The time after its wait in which a delayed try has to come.
    private static let patience = Duration.seconds(600)
    static let mostPairs = 10_000
    static let mostNetworks = 10_000
    static let mostAccounts = 2_000

    /// A try, as far as it is known before the password is looked at.
    package struct Attempt: Hashable, Sendable {
        /// The name that was typed; nobody has to have it.
        package var account: String
        package var network: SignInNetwork
        /// The hash of the browser's mark; nil: it has none, or none that this account knows.
        package var device: [UInt8]?
        /// True if somebody has signed in to the account from this network before.
        package var isKnownNetwork: Bool
        /// A number that rises when the failures of the account are to be forgotten.
        package var clearance: Int64
        /// The highest clearance of all accounts.
        package var newestClearance: Int64

        package init(
            account: String,
            network: SignInNetwork,
            device: [UInt8]? = nil,
            isKnownNetwork: Bool = false,
            clearance: Int64 = 0,
            newestClearance: Int64 = 0
        ) {
            self.account = account
            self.network = network
            self.device = device
            self.isKnownNetwork = isKnownNetwork
            self.clearance = clearance
            self.newestClearance = newestClearance
        }

        /// Indicates that the account has never been signed in to from this place.
        var isStranger: Bool { device == nil && !isKnownNetwork }

        fileprivate var pair: Pair {
            Pair(account: account, place: device.map { .device($0) } ?? .network(network))
        }
    }

    /// The answer to a try.
    package enum Decision: Hashable, Sendable {
        /// The password may be looked at.
        case admitted
        /// Not yet: after this wait, if nothing comes from there meanwhile.
        case wait(Duration)
    }

    fileprivate struct Pair: Hashable, Sendable {
        enum Place: Hashable, Sendable {
            case network(SignInNetwork)
            case device([UInt8])
        }

        let account: String
        let place: Place
    }

    private var pairs = BoundedFailures<Pair>(most: Self.mostPairs, each: 20)
    private var networks = BoundedFailures<SignInNetwork>(most: Self.mostNetworks, each: 100)
    private var accounts = BoundedFailures<String>(most: Self.mostAccounts, each: 300)
    /// When a delayed try of a stranger is looked at.
    private var delays: [Pair: MonotonicInstant] = [:]

    package init() {}

    /// Decides whether a try is looked at, and counts it as a failure until ``succeeded(_:)`` or ``withdraw(_:)``.
    package mutating func attempt(_ attempt: Attempt, now: MonotonicInstant) -> Decision {
        let pair = attempt.pair
        let limits = attempt.isStranger || attempt.device != nil ? Self.strangerLimits : Self.knownLimits
        let wait = wait(attempt, limits, now: now)
        // A try that is refused counts, so that hammering does not get every freed place.
        pairs.note(pair, clearance: attempt.clearance, now: now)
        if attempt.isStranger { networks.note(attempt.network, clearance: attempt.newestClearance, now: now) }
        guard wait == .zero else {
            // Told with the refused try counted.
            return .wait(max(self.wait(attempt, limits, now: now), wait))
        }
        guard attempt.isStranger else { return .admitted }
        if let delay = delay(attempt, pair, now: now) {
            // It was kept from its turn by others, and pays nothing for that.
            pairs.withdraw(pair)
            networks.withdraw(attempt.network)
            return .wait(delay)
        }
        accounts.note(attempt.account, clearance: attempt.clearance, now: now)
        return .admitted
    }

    /// Forgets the failures of that account at that place: the password was right.
    package mutating func succeeded(_ attempt: Attempt) {
        pairs.forget(attempt.pair)
        delays[attempt.pair] = nil
        guard attempt.isStranger else { return }
        networks.withdraw(attempt.network)
        accounts.withdraw(attempt.account)
    }

    /// Takes back a try that came to nothing: the password was not looked at.
    package mutating func withdraw(_ attempt: Attempt) {
        pairs.withdraw(attempt.pair)
        guard attempt.isStranger else { return }
        networks.withdraw(attempt.network)
        accounts.withdraw(attempt.account)
    }

    /// How many entries there are, of all kinds.
    var size: Int { pairs.count + networks.count + accounts.count + delays.count }

    /// The wait that earlier failures cost a try: those of its account and place, and a stranger's those of its network.
    private func wait(_ attempt: Attempt, _ limits: [Limit], now: MonotonicInstant) -> Duration {
        let own = pairs.wait(attempt.pair, limits, clearance: attempt.clearance, now: now)
        guard attempt.isStranger else { return own }
        return max(
            own,
            networks.wait(attempt.network, Self.networkLimits, clearance: attempt.newestClearance, now: now)
        )
    }

    /// The wait of a stranger for an account under attack; nil: its try is looked at.
    private mutating func delay(_ attempt: Attempt, _ pair: Pair, now: MonotonicInstant) -> Duration? {
        let failures = accounts.failures(
            attempt.account,
            within: Self.attackPeriod,
            clearance: attempt.clearance,
            now: now
        )
        guard failures >= Self.attackFrom else { return nil }
        if let ready = delays[pair], now - ready < Self.patience {
            guard now >= ready else { return ready - now }
            delays[pair] = nil
            return nil
        }
        let delay = min(.seconds(failures / 5), Self.longestDelay)
        if delays.count >= Self.mostPairs { delays = delays.filter { now - $0.value < Self.patience } }
        // Where even that many wait, nobody new gets a place; those who have one come in.
        if delays.count < Self.mostPairs { delays[pair] = now + delay }
        return delay
    }
}

/// The network that a try comes from: an IPv4 address, or the /64 of an IPv6 address, which is one subscriber's at least.
package struct SignInNetwork: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Takes the address as nginx gives it; what is none stands for itself.
    package init(_ address: String) {
        guard let parsed = IPAddress(address) else {
            description = String(address.prefix(64))
            return
        }
        guard !parsed.isIPv4, let prefix = IPAddress(bytes: parsed.bytes.prefix(8) + [UInt8](repeating: 0, count: 8))
        else {
            description = parsed.description
            return
        }
        description = "\(prefix)/64"
    }
}
