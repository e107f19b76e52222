import Lifecycle
import Encodings
package import Crypto
package import HTTPTypes
package import HTTPRouting
import Logging
import ObserverCore
import ObserverStore
package import Postgres

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

    /// The failures allowed within a period; after that, the period has to pass.
    ///
    /// A lock-out lasts at most 15 minutes. Limits per address are higher, because many people can share one.
    private static let accountLimits = [
        Limit(failures: 5, seconds: 30), Limit(failures: 10, seconds: 300), Limit(failures: 20, seconds: 900),
    ]
    private static let addressLimits = [Limit(failures: 30, seconds: 60), Limit(failures: 100, seconds: 900)]
    private struct Limit {
        let failures: Int
        let seconds: Int
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
        let account = "user:\(name)"
        let address = "address:\(request.remoteAddress)"
        if let seconds = try throttle(users, account: account, address: address) {
            return .throttled(seconds: seconds)
        }
        let user = try users.find(name: name)
        let usable = user.flatMap { $0.isDisabled ? nil : $0.passwordHash }
        let hash = usable.map { PasswordHash(text: $0) } ?? Self.nobody
        let checks = context.authenticator.passwordChecks
        let isRight = try checks.withSlot(within: Self.patience) { try hash.matches(password) }
        guard let isRight else { return .busy }
        guard isRight, usable != nil, let user else {
            try users.noteFailedLogin(for: [account, address])
            context.logger.warning("Sign-in refused", [.clientAddress: .string(request.remoteAddress)])
            return .refused
        }
        try users.clearFailedLogins(for: account)
        // Only here is the password known that a hash of today's cost needs; a busy moment leaves it for the next time.
        if hash.needsRehash,
            let renewed = try checks.withSlot(within: Self.patience, { try PasswordHash.make(password) })
        {
            try users.rehash(user: user.id, from: hash.text, to: renewed.text)
        }
        let secret = try Self.secret()
        try users.createSession(
            hash: SHA256.hash(secret.utf8),
            user: user.id,
            csrf: Self.secret(),
            address: request.remoteAddress,
            agent: request.header(.userAgent) ?? ""
        )
        context.logger.info("Signed in", [.userName: .string(user.name)])
        return .signedIn(cookies: [context.authenticator.cookie.set(secret, request)])
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

    private func throttle(_ users: UserStore, account: String, address: String) throws(PostgresError) -> Int? {
        for (key, limits) in [(account, Self.accountLimits), (address, Self.addressLimits)] {
            for limit in limits.reversed()
            where try users.failedLogins(for: [key], withinSeconds: limit.seconds) >= limit.failures {
                return limit.seconds
            }
        }
        return nil
    }

    /// 256 random bits as text for a cookie.
    private static func secret() throws(CryptoError) -> String {
        try SecureRandom.bytes(32).base64URL
    }
}
