import Encodings
public import HTTPClient
import HTTPTypes
import System

/// Objects in one bucket of S3, or of anything that speaks S3.
///
/// Every operation has a form that calls back on the engine's thread and one that blocks the caller's own thread. A request
/// that is refused for what can be mended is mended and sent again: signed with the store's clock, to the region or the
/// server that the store names, or without an optional part that the store does not know. What was found out holds for the
/// requests that follow.
public final class S3Client: Sendable {
    /// Receives the outcome, on the engine's thread: it must not block.
    public typealias Completion<Value> = @Sendable (Result<Value, S3Error>) -> Void

    /// The store, the bucket and the access key.
    public let configuration: S3Configuration
    private let http: HTTPClient
    private let clock: @Sendable () -> Int64
    private let notify: @Sendable (S3Notice) -> Void
    private let knowledge: Lock<S3Knowledge>
    private let credentials: S3CredentialProvider

    /// Creates a client that sends through `http`; an upload gets more time than the limit of that client, by its size.
    ///
    /// - Parameters:
    ///   - configuration: The store, the bucket and the access key.
    ///   - http: The client that sends the requests.
    ///   - clock: Seconds since 1970, for signatures; nil for the system's.
    ///   - notify: Told what is found out about the store, on the engine's thread.
    public init(
        _ configuration: S3Configuration,
        http: HTTPClient,
        clock: (@Sendable () -> Int64)? = nil,
        notify: @escaping @Sendable (S3Notice) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.http = http
        self.clock = clock ?? { WallTime.now().seconds }
        self.notify = notify
        knowledge = Lock(S3Knowledge(place: configuration.place))
        credentials = S3CredentialProvider(configuration.credentials, http: http)
    }

    /// The optional parts that the store has or lacks, as far as is known now.
    public var capabilities: S3Capabilities { knowledge.withLock { $0.capabilities } }

    /// Creates a URL with which anybody can read an object, signed with the store's clock.
    ///
    /// It waits only where there is no access key yet, for as long as it takes to fetch one.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - expires: The seconds for which it works.
    ///   - responseHeaders: `response-content-type` and the like, with values.
    /// - Returns: The URL in its parts.
    /// - Throws: ``S3Error`` of kind `credentials`.
    public func presignGet(
        _ key: String,
        expires: Int,
        responseHeaders: [(String, String)] = []
    ) throws(S3Error) -> S3PresignedURL {
        let credentials = try wait { (done: @escaping Completion<S3Credentials>) in
            self.credentials.withCredentials(done)
        }
        let (region, offset) = knowledge.withLock { ($0.place.region, $0.clockOffset) }
        // Whoever forwards the URL knows the server that was set, not one that a redirect led to.
        var place = configuration.place
        place.region = region
        return S3Signer(place, credentials: credentials).presignGet(
            key: key,
            expires: expires,
            query: responseHeaders + configuration.options.requestHeaders,
            at: clock() + offset
        )
    }

    // MARK: Requests

    /// A request before it is signed.
    struct Call: Sendable {
        /// A header that the store may not know, with the part of the protocol that it belongs to.
        struct Optional: Sendable {
            let part: S3Capabilities.Part
            let name: String
            let value: String
        }

        var method: String
        var key = ""
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        /// In the order in which they are given up.
        var optional: [Optional] = []
        var payload = S3Signer.emptyPayload
        var body = HTTPClientRequest.Body.none
        var bodyListener: (@Sendable (Int64, UnsafeRawBufferPointer) -> Void)?
        var priority = HTTPClientPriority.high
    }

    func send(_ call: Call, _ completion: @escaping Completion<HTTPClientResponse>) {
        var call = call
        let capabilities = capabilities
        let now = MonotonicInstant.now()
        call.optional.removeAll { !capabilities.allows($0.part, now: now) }
        credentials.withCredentials { [self, call] result in
            switch result {
            case .success(let credentials):
                attempt(call, with: credentials, remedies: S3Remedies(), completion: completion)
            case .failure(let error): completion(.failure(error))
            }
        }
    }

    private func attempt(
        _ call: Call,
        with credentials: S3Credentials,
        remedies: S3Remedies,
        completion: @escaping Completion<HTTPClientResponse>
    ) {
        let (place, offset) = knowledge.withLock { ($0.place, $0.clockOffset) }
        let attempt = S3Remedies.Attempt(
            method: call.method,
            parts: call.optional.map(\.part),
            place: place,
            path: place.path(call.key),
            signedAt: clock() + offset
        )
        http.submit(request(for: call, with: credentials, attempt)) { [self] result in
            switch result {
            case .failure(let error):
                if error.isTemporary { leave(place) }
                completion(.failure(S3Error(error)))
            case .success(let response) where (200..<300).contains(response.status):
                learn(from: remedies, attempt)
                follow(response, after: attempt)
                completion(.success(response))
            case .success(let response):
                let error = S3Error(response)
                var remedies = remedies
                guard let remedy = remedies.next(after: error, response, to: attempt) else {
                    if error.kind == .preconditionFailed { learn(from: remedies, attempt) }
                    // A refusal in the words of S3 comes from the store as well, not from something in between.
                    if error.code != nil { follow(response, after: attempt) }
                    return completion(.failure(error))
                }
                guard remedy != .renew else {
                    return self.credentials.renew(credentials, after: error) { [self, remedies] result in
                        switch result {
                        case .success(let newer):
                            self.attempt(call, with: newer, remedies: remedies, completion: completion)
                        case .failure(let error): completion(.failure(error))
                        }
                    }
                }
                self.attempt(
                    mended(call, by: remedy),
                    with: credentials,
                    remedies: remedies,
                    completion: completion
                )
            }
        }
    }

    private func request(
        for call: Call,
        with credentials: S3Credentials,
        _ attempt: S3Remedies.Attempt
    ) -> HTTPClientRequest {
        let signed = S3Signer(attempt.place, credentials: credentials).sign(
            method: call.method,
            key: call.key,
            query: call.query,
            headers: call.headers + call.optional.map { ($0.name, $0.value) } + configuration.options.requestHeaders,
            payloadSHA256: call.payload,
            at: attempt.signedAt
        )
        var request = HTTPClientRequest(
            method: HTTPMethod(rawValue: signed.method),
            url: signed.url,
            headers: signed.headers,
            body: call.body,
            limits: limits(for: call),
            bodyListener: call.bodyListener
        )
        request.priority = call.priority
        return request
    }

    private func limits(for call: Call) -> HTTPClientLimits {
        var limits = http.configuration.limits
        if case .file(_, let length) = call.body, let total = limits.total {
            // One that moves is not ended: it would be sent again from its beginning.
            limits.total = total + .seconds(length / Int64(max(limits.leastBytesPerSecond, 1)))
        }
        return limits
    }

    /// Runs an operation that calls back, and waits for its outcome.
    func wait<Value: Sendable>(
        _ start: (@escaping Completion<Value>) -> Void
    ) throws(S3Error) -> Value {
        let pending = PendingResult<Value>()
        start { pending.set($0) }
        return try pending.wait().get()
    }

    // MARK: Knowledge

    /// Applies a remedy to what is known, and to the request.
    private func mended(_ call: Call, by remedy: S3Remedy) -> Call {
        var call = call
        switch remedy {
        case .leaveOut(let part): call.optional.removeAll { $0.part == part }
        case .clock(let theirs): follow(clock: theirs)
        case .renew: break
        case .move(let place):
            knowledge.withLock { $0.place = place }
            notify(.moved(region: place.region, authority: place.authority))
        }
        return call
    }

    /// Goes back to the server that was set, when one that a redirect led to does not answer.
    private func leave(_ place: S3Place) {
        guard place.authority != configuration.place.authority else { return }
        knowledge.withLock { knowledge in
            guard knowledge.place == place else { return }
            knowledge.place.authority = configuration.place.authority
            knowledge.place.region = configuration.place.region
        }
    }

    private func learn(from remedies: S3Remedies, _ attempt: S3Remedies.Attempt) {
        let now = MonotonicInstant.now()
        let news = knowledge.withLock { knowledge in
            for part in attempt.parts { knowledge.capabilities.has(part) }
            return remedies.lacking.filter { knowledge.capabilities.lacks($0, now: now) }
        }
        for part in news { notify(.lacks(part)) }
    }

    /// Takes note that the store has a part of the protocol, or lacks it.
    func learn(_ part: S3Capabilities.Part, isThere: Bool) {
        let now = MonotonicInstant.now()
        let isNews = knowledge.withLock { knowledge in
            isThere ? knowledge.capabilities.has(part) : knowledge.capabilities.lacks(part, now: now)
        }
        if isNews, !isThere { notify(.lacks(part)) }
    }

    /// Takes note of the proof with which an object was stored.
    func learn(_ proof: S3Proof) {
        let isNews = knowledge.withLock { knowledge in
            defer { knowledge.proof = proof }
            return knowledge.proof != proof
        }
        if isNews, proof == .length || proof == .acknowledgement { notify(.weakProof(proof)) }
    }

    /// Follows the store's clock where it is half a minute from what it was taken for: what is signed for playback works
    /// only for minutes, and starts at the store's time.
    private func follow(_ response: HTTPClientResponse, after attempt: S3Remedies.Attempt) {
        guard let theirs = response.header("date").flatMap({ HTTPDate.seconds($0) }) else { return }
        let ours = clock() + knowledge.withLock { $0.clockOffset }
        // A response may have been on its way for as long as the request took.
        guard theirs < attempt.signedAt - 30 || theirs > ours + 30 else { return }
        follow(clock: theirs)
    }

    private func follow(clock theirs: Int64) {
        let offset = theirs - clock()
        knowledge.withLock { $0.clockOffset = offset }
        notify(.clock(offset: offset))
    }
}

/// The findings of a client about its store.
private struct S3Knowledge: Sendable {
    var place: S3Place
    /// Seconds to add to this machine's clock.
    var clockOffset: Int64 = 0
    var capabilities = S3Capabilities()
    /// The proof of the object that was stored last.
    var proof: S3Proof?

    init(place: S3Place) {
        self.place = place
    }
}
