import Crypto
import HTTPClient
import Lifecycle
import System

/// The access key of a client: fetched when it is first needed, renewed five minutes before its end, and at once when the
/// store calls it expired.
///
/// It has no thread: a request that finds the key about to end starts the fetch of a newer one, and is signed with the one
/// that there is. Where there is none, it waits for the fetch.
final class S3CredentialProvider: Sendable {
    typealias Use = @Sendable (Result<S3Credentials, S3Error>) -> Void

    private struct State: Sendable {
        var lease: S3CredentialLease?
        /// The key that the store refused, with which nothing is signed for a while: a key that is new may not be known yet.
        var refused: (credentials: S3Credentials, until: MonotonicInstant)?
        var isFetching = false
        var waiting: [Use] = []
        /// After a failure nothing is fetched before this moment.
        var notBefore = MonotonicInstant.distantPast
        var waits = Backoff(first: .seconds(1), limit: .seconds(30), jitter: 0.2)
        var failure = S3Error(.credentials, "no access key was fetched yet")

        func isRefused(_ credentials: S3Credentials, now: MonotonicInstant) -> Bool {
            refused.map { $0.credentials == credentials && now < $0.until } ?? false
        }

        /// The key that may be used now.
        func usable(now: MonotonicInstant) -> S3CredentialLease? {
            lease.flatMap { $0.endsAt > now && !isRefused($0.credentials, now: now) ? $0 : nil }
        }
    }

    private enum Step {
        case use(Result<S3Credentials, S3Error>)
        case wait
    }

    /// The time for which files are not looked at again.
    private static let fileInterval: Duration = .seconds(1)
    /// The time for which a key that the store refused is not tried again.
    private static let refusal: Duration = .seconds(30)

    let source: S3CredentialSource
    private let http: HTTPClient
    private let state = Lock(State())

    init(_ source: S3CredentialSource, http: HTTPClient) {
        (self.source, self.http) = (source, http)
    }

    /// Calls with the present key, at once or when it was fetched.
    func withCredentials(_ use: @escaping Use) {
        if case .fixed(let credentials) = source { return use(.success(credentials)) }
        let now = MonotonicInstant.now()
        let (step, fetches) = state.withLock { state in
            let usable = state.usable(now: now)
            let isDue = isFile || usable.map { $0.renewsAt <= now } ?? true
            let fetches = isDue && !state.isFetching && state.notBefore <= now
            if fetches { state.isFetching = true }
            if let usable, !isFile || !fetches { return (Step.use(.success(usable.credentials)), fetches) }
            guard state.isFetching else { return (Step.use(.failure(state.failure)), false) }
            state.waiting.append(use)
            return (Step.wait, fetches)
        }
        if case .use(let result) = step { use(result) }
        if fetches { fetch() }
    }

    /// Renews a key that the store refused, and calls with a newer one; with `error` where there is none.
    func renew(_ credentials: S3Credentials, after error: S3Error, _ use: @escaping Use) {
        let now = MonotonicInstant.now()
        state.withLock { state in
            guard state.lease?.credentials == credentials else { return }
            // The first refusal of a key fetches at once; further ones of the same keep the pauses of a failure.
            if !state.isRefused(credentials, now: now) { state.notBefore = .distantPast }
            state.refused = (credentials, now + Self.refusal)
        }
        withCredentials { result in
            guard case .success(let newer) = result, newer != credentials else { return use(.failure(error)) }
            use(.success(newer))
        }
    }

    private var isFile: Bool {
        if case .settings = source { true } else { false }
    }

    // MARK: Fetching

    private func fetch() {
        do throws(S3Error) {
            switch source {
            case .fixed: break
            case .settings(let settings): finish(.success(try read(settings)))
            case .webIdentity(let identity):
                submit(try S3CredentialRequests.webIdentity(identity)) { [self] response throws(S3Error) in
                    finish(.success(try S3CredentialRequests.leaseFromXML(response)))
                }
            case .container(let container):
                submit(try S3CredentialRequests.container(container)) { [self] response throws(S3Error) in
                    finish(.success(try S3CredentialRequests.leaseFromJSON(response)))
                }
            case .instance(let endpoint): fetchFromMachine(endpoint)
            }
        } catch {
            finish(.failure(error))
        }
    }

    private func read(_ settings: S3CredentialSource.Settings) throws(S3Error) -> S3CredentialLease {
        let credentials = S3Credentials(
            accessKeyID: try S3CredentialRequests.read(settings.accessKeyID),
            secretAccessKey: Secret(try S3CredentialRequests.read(settings.secretAccessKey)),
            sessionToken: try settings.sessionToken.map { text throws(S3Error) in
                Secret(try S3CredentialRequests.read(text))
            }
        )
        return S3CredentialLease(credentials, lifetime: nil, now: .now())
    }

    private func fetchFromMachine(_ endpoint: String) {
        submit(S3CredentialRequests.metadataToken(endpoint)) { [self] response throws(S3Error) in
            let token = try S3CredentialRequests.line(response, of: "token")
            submit(S3CredentialRequests.metadataRole(endpoint, token: token)) { [self] response throws(S3Error) in
                let role = try S3CredentialRequests.line(response, of: "role")
                let request = S3CredentialRequests.metadataRole(endpoint, token: token, role: role)
                submit(request) { [self] response throws(S3Error) in
                    finish(.success(try S3CredentialRequests.leaseFromJSON(response)))
                }
            }
        }
    }

    private func submit(
        _ request: HTTPClientRequest,
        then read: @escaping @Sendable (HTTPClientResponse) throws(S3Error) -> Void
    ) {
        http.submit(request) { [self] result in
            do throws(S3Error) {
                switch result {
                case .failure(let error): throw failure(error)
                case .success(let response): try read(response)
                }
            } catch {
                finish(.failure(error))
            }
        }
    }

    private func failure(_ error: HTTPClientError) -> S3Error {
        guard case .instance = source, error.kind == .timeout || error.kind == .connect else {
            return S3Error(.credentials, "the access key cannot be fetched: \(error)", hint: error.hint)
        }
        return S3Error(
            .credentials,
            "the metadata service does not answer: \(error)",
            hint: "in a container it needs a hop limit of 2; elsewhere set AWS_ACCESS_KEY_ID"
        )
    }

    private func finish(_ result: Result<S3CredentialLease, S3Error>) {
        let now = MonotonicInstant.now()
        let (waiting, outcome) = state.withLock { state in
            state.isFetching = false
            defer { state.waiting = [] }
            switch result {
            case .success(let lease) where !state.isRefused(lease.credentials, now: now):
                state.lease = lease
                state.waits.reset()
                state.notBefore = now + (isFile ? Self.fileInterval : .zero)
                return (state.waiting, Result<S3Credentials, S3Error>.success(lease.credentials))
            case .success:
                state.failure = S3Error(.credentials, "the store refuses the access key, and there is no newer one")
            case .failure(let error): state.failure = error
            }
            state.notBefore = now + (isFile ? Self.fileInterval : state.waits.next())
            // A key that is good still is better than none.
            return (state.waiting, state.usable(now: now).map { .success($0.credentials) } ?? .failure(state.failure))
        }
        for use in waiting { use(outcome) }
    }
}
