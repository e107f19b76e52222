import Lifecycle
import System
import Crypto
package import HTTPTypes
package import ObserverConfiguration
package import HTTPRouting
package import ObserverCore
import ObserverStore
package import Postgres

/// Authenticates and authorizes requests, for pages and API alike.
///
/// Programs send `Authorization: Bearer obs_…`, browsers a cookie. A request that changes something and carries a cookie
/// must also come from one of Observer's pages (`Origin`, `Sec-Fetch-Site`) and carry the session's token, as header
/// `X-CSRF-Token` or form field `csrf`.
package final class Authenticator: Sendable {
    /// A token that was looked up, and the time until which it needs no other look-up.
    private struct Entry: Sendable {
        let token: UserStore.Token
        let until: MonotonicInstant
    }

    /// A token that is revoked by others can work for this long.
    private static let memory = Duration.milliseconds(UserStore.tokenMemoryMilliseconds)
    private static let memoryLimit = 1000

    /// The address people use; nil: any.
    private let publicURL: PublicURL?
    private let tokens = Lock<[[UInt8]: Entry]>([:])
    let cookie: SessionCookie
    /// Limits guesses at passwords.
    let throttle = Lock(SignInThrottle())
    /// Limits password checks, each of which takes 128 MiB; more than three waiting ones would hold too many threads.
    let passwordChecks = Semaphore(count: 2, waitingLimit: 3)

    /// - Parameter publicURL: The address people use; nil: any.
    package init(publicURL: PublicURL?) {
        self.publicURL = publicURL
        cookie = SessionCookie(isSecure: publicURL?.isSecure ?? false)
    }

    /// The identity behind a request that is allowed.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - role: The least role.
    ///   - database: The thread's connection.
    /// - Returns: The identity.
    /// - Throws: `Problem` 401 or 403; the errors of the database.
    package func authorise(_ request: HTTPRequest, as role: Role, in database: PostgresConnection) throws -> Identity {
        let identity = try identify(request, database)
        guard identity.role >= role else {
            throw Problem(403, "This needs the role \(role.rawValue); you have \(identity.role.rawValue).")
        }
        if case .session(let csrf) = identity.proof, ![.get, .head].contains(request.method) {
            try checkSameOrigin(request)
            try checkToken(request, csrf)
        }
        return identity
    }

    private func identify(_ request: HTTPRequest, _ database: PostgresConnection) throws -> Identity {
        if let header = request.header(.authorization) {
            guard let token = Self.bearer(header), let found = try find(token, database) else {
                throw Problem(401, "The token is not valid. Make one with: ./observer token NAME")
                    .with(.wwwAuthenticate, "Bearer error=\"invalid_token\"")
            }
            return Identity(name: found.name, role: found.role, proof: .token(id: found.id))
        }
        if let value = cookie.read(request),
            let session = try UserStore(database).findSession(hash: SHA256.hash(value.utf8), isUse: Self.isUse(request))
        {
            return Identity(
                name: session.userName,
                role: session.role,
                proof: .session(csrf: session.csrf),
                zone: session.zone
            )
        }
        throw Problem(401, "Sign in, or send a token: Authorization: Bearer obs_…").with(.wwwAuthenticate, "Bearer")
    }

    /// Returns false for what a page asks by itself, which its scripts mark; a change is never that.
    private static func isUse(_ request: HTTPRequest) -> Bool {
        ![.get, .head].contains(request.method) || request.header("X-Observer-Background") == nil
    }

    private static func bearer(_ header: String) -> String? {
        let parts = header.split(separator: " ")
        guard parts.count == 2, parts[0].lowercased() == "bearer", parts[1].utf8.count <= 256 else { return nil }
        return String(parts[1])
    }

    private func find(_ token: String, _ database: PostgresConnection) throws(PostgresError) -> UserStore.Token? {
        let hash = SHA256.hash(token.utf8)
        let now = MonotonicInstant.now()
        if let entry = tokens.withLock({ $0[hash] }), now < entry.until { return entry.token }
        guard let found = try UserStore(database).findToken(hash: hash) else { return nil }
        tokens.withLock { tokens in
            if tokens.count >= Self.memoryLimit { tokens.removeAll(keepingCapacity: true) }
            let left = found.remainingMilliseconds.map { Duration.milliseconds($0) } ?? Self.memory
            tokens[hash] = Entry(token: found, until: now + min(left, Self.memory))
        }
        return found
    }

    // MARK: Cross-site requests

    /// Refuses a request from a page of another site.
    ///
    /// `Origin: null` is ignored: browsers send it for forms of pages with a strict referrer policy and for sandboxed
    /// foreign pages alike. The session's token decides.
    package func checkSameOrigin(_ request: HTTPRequest) throws(Problem) {
        if let site = request.header("Sec-Fetch-Site"), site != "same-origin", site != "none" {
            throw Problem(403, "The request comes from another site.")
        }
        guard let origin = request.header(.origin), origin != "null" else { return }
        if let publicURL, PublicURL(origin) == publicURL { return }
        let asked = AskedAddress(request)
        guard asked.isOrigin(origin) else {
            let known = publicURL.map { " (OBSERVER_PUBLIC_URL is \($0.origin))" } ?? ""
            throw Problem(
                403,
                "The request comes from a page of \(origin.prefix(200)), and was sent to \(asked.text)\(known): another site. "
                    + "If both are this Observer, set OBSERVER_PUBLIC_URL to the address that people use, or let the proxy pass "
                    + "the host on."
            )
        }
    }

    /// Returns the advice where the form's token or its cookie is not there.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - usual: The advice for whoever came by the address that people use.
    /// - Returns: That advice, or what is to be said of the addresses.
    package func adviceForLostForm(_ request: HTTPRequest, usual: String) -> String {
        AskedAddress(request).difference(from: publicURL, origin: request.header(.origin)) ?? usual
    }

    private func checkToken(_ request: HTTPRequest, _ expected: String) throws(Problem) {
        var given = request.header("X-CSRF-Token")
        if given == nil, request.mediaType == "application/x-www-form-urlencoded" {
            given = try request.formFields()["csrf"]
        }
        guard let given, constantTimeEqual(given.utf8, expected.utf8) else {
            let usual = "The form is too old, or not ours. Load the page again and repeat."
            throw Problem(403, adviceForLostForm(request, usual: usual))
        }
    }
}
