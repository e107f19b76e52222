import Lifecycle
import Encodings
package import Crypto
package import HTTPTypes
package import HTTPRouting
import Logging
import ObserverCore
import ObserverStore
package import Postgres
import System

/// Signs people in and out.
package struct SignIn {
    private let context: WebContext

    package init(_ context: WebContext) {
        self.context = context
    }

    /// The outcome of an attempt.
    package enum Outcome: Sendable {
        /// In; `cookies` are the values of `Set-Cookie`.
        case signedIn(cookies: [String])
        /// The name or the password is wrong; the answer does not reveal which.
        case refused
        /// Too many failures; the next attempt is accepted after this many seconds.
        case throttled(seconds: Int)
        /// Too many people sign in at once.
        case busy
    }

    /// The longest wait for a password check.
    private static let patience = Duration.seconds(5)
    /// A hash that no password has, so an unknown name takes as long as a wrong password.
    private static let nobody = PasswordHash(
        text: "$scrypt$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    )

    // MARK: The form

    /// The token of the sign-in form, and the cookie to set with it.
    package func gate(_ request: HTTPRequest) throws(CryptoError) -> (csrf: String, cookie: String) {
        let cookie = context.authenticator.cookie
        if let secret = cookie.readGate(request) { return (secret, cookie.setGate(secret, request)) }
        let secret = try Self.secret()
        return (secret, cookie.setGate(secret, request))
    }

    /// Refuses a forged sign-in form, which would sign a person in under somebody else's name.
    package func checkGate(_ request: HTTPRequest, _ form: FormFields) throws(Problem) {
        try context.authenticator.checkSameOrigin(request)
        guard let expected = context.authenticator.cookie.readGate(request), let given = form["csrf"],
            constantTimeEqual(given.utf8, expected.utf8)
        else {
            let usual = "The form is too old, or cookies are off. Load the page again and repeat."
            throw Problem(403, context.authenticator.adviceForLostForm(request, usual: usual))
        }
    }

    // MARK: In and out

    /// Signs in.
    ///
    /// - Parameters:
    ///   - name: The user's name.
    ///   - password: The password.
    ///   - request: The request, for address and browser.
    /// - Returns: The outcome.
    /// - Throws: The errors of the database and libcrypto.
    package func signIn(name: String, password: Secret, _ request: HTTPRequest) throws -> Outcome {
        let users = UserStore(context.database)
        // No name has a zero byte, and PostgreSQL refuses them.
        let name = String(name.lowercased().filter { $0 != "\0" }.prefix(64))
        let place = try Place(request, context.authenticator.cookie)
        let candidate = try users.candidate(name: name, places: place.names)
        let attempt = place.attempt(at: name, candidate)
        let throttle = context.authenticator.throttle
        if case .wait(let wait) = throttle.withLock({ $0.attempt(attempt, now: .now()) }) {
            return .throttled(seconds: Int(clamping: (wait.wholeMilliseconds + 999) / 1000))
        }
        let hash: PasswordHash
        do {
            switch try check(password, of: candidate.user) {
            case .busy:
                throttle.withLock { $0.withdraw(attempt) }
                return .busy
            case .wrong:
                context.logger.warning("Sign-in refused", [.clientAddress: .string(request.remoteAddress)])
                return .refused
            case .right(let found): hash = found
            }
        } catch {
            throttle.withLock { $0.withdraw(attempt) }
            throw error
        }
        guard let user = candidate.user else { return .refused }
        throttle.withLock { $0.succeeded(attempt) }
        try renew(hash, of: user, password)
        let secret = try Self.secret()
        try users.createSession(
            hash: SHA256.hash(secret.utf8),
            user: user.id,
            csrf: Self.secret(),
            address: request.remoteAddress,
            agent: request.header(.userAgent) ?? ""
        )
        try users.notePlaces(place.names, user: user.id)
        context.logger.info("Signed in", [.userName: .string(user.name)])
        let cookie = context.authenticator.cookie
        return .signedIn(cookies: [cookie.set(secret, request), cookie.setBrowser(place.browser, request)])
    }

    private enum Check {
        case right(PasswordHash)
        case wrong
        case busy
    }

    /// Takes as long for a name that nobody has.
    private func check(_ password: Secret, of user: UserStore.User?) throws -> Check {
        let usable = user.flatMap { $0.isDisabled ? nil : $0.passwordHash }
        let hash = usable.map { PasswordHash(text: $0) } ?? Self.nobody
        let checks = context.authenticator.passwordChecks
        guard let isRight = try checks.withSlot(within: Self.patience, { try hash.matches(password) }) else {
            return .busy
        }
        return isRight && usable != nil ? .right(hash) : .wrong
    }

    /// Only here is the password known that a hash of today's cost needs; a busy moment leaves it for the next time.
    private func renew(_ hash: PasswordHash, of user: UserStore.User, _ password: Secret) throws {
        guard hash.needsRehash else { return }
        let checks = context.authenticator.passwordChecks
        if let renewed = try checks.withSlot(within: Self.patience, { try PasswordHash.make(password) }) {
            try UserStore(context.database).rehash(user: user.id, from: hash.text, to: renewed.text)
        }
    }

    /// Where a try comes from: its network, and its browser if that has a mark.
    private struct Place {
        let network: SignInNetwork
        /// The mark; a new one if the browser has none.
        let browser: String
        private let mark: [UInt8]

        init(_ request: HTTPRequest, _ cookie: SessionCookie) throws {
            network = SignInNetwork(request.remoteAddress)
            browser = try cookie.readBrowser(request) ?? SignIn.secret()
            mark = SHA256.hash(browser.utf8)
        }

        private var networkName: String { "network:\(network)" }
        private var browserName: String { "browser:\(mark.hex)" }

        /// As the database keeps them.
        var names: [String] { [networkName, browserName] }

        func attempt(at account: String, _ candidate: UserStore.Candidate) -> SignInThrottle.Attempt {
            SignInThrottle.Attempt(
                account: account,
                network: network,
                device: candidate.known.contains(browserName) ? mark : nil,
                isKnownNetwork: candidate.known.contains(networkName),
                clearance: candidate.clearance,
                newestClearance: candidate.newestClearance
            )
        }
    }

    /// Ends the session of a request, if it has one.
    ///
    /// - Returns: The value of `Set-Cookie` that removes the cookie.
    /// - Throws: The error that the database reports.
    package func signOut(_ request: HTTPRequest) throws(PostgresError) -> String {
        let cookie = context.authenticator.cookie
        if let secret = cookie.read(request) {
            try UserStore(context.database).deleteSession(hash: SHA256.hash(secret.utf8))
        }
        return cookie.clear(request)
    }

    /// 256 random bits as text for a cookie.
    private static func secret() throws(CryptoError) -> String {
        try SecureRandom.bytes(32).base64URL
    }
}
