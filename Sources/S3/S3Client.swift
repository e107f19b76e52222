import Encodings
public import HTTPClient
import HTTPTypes
import Synchronization
import System

/// Objects in one bucket of S3, or of anything that speaks S3.
///
/// Every operation has a form that calls back on the engine's thread and one that blocks the caller's own thread. A wrong
/// clock is noticed by the first refusal, corrected by the store's, and the request signed again.
public final class S3Client: Sendable {
    /// Receives the outcome, on the engine's thread: it must not block.
    public typealias Completion<Value> = @Sendable (Result<Value, S3Error>) -> Void

    /// The store, the bucket and the access key.
    public let configuration: S3Configuration
    private let signer: S3Signer
    private let http: HTTPClient
    private let clock: @Sendable () -> Int64
    /// Seconds to add to `clock`.
    private let clockOffset = Atomic<Int64>(0)

    /// Creates a client that sends through `http`; an upload gets more time than the limit of that client, by its size.
    ///
    /// - Parameters:
    ///   - configuration: The store, the bucket and the access key.
    ///   - http: The client that sends the requests.
    ///   - clock: Seconds since 1970, for signatures; nil for the system's.
    public init(
        _ configuration: S3Configuration,
        http: HTTPClient,
        clock: (@Sendable () -> Int64)? = nil
    ) {
        self.configuration = configuration
        self.http = http
        self.clock = clock ?? { WallTime.now().seconds }
        signer = S3Signer(configuration)
    }

    /// Creates a URL with which anybody can read an object.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - expires: The seconds for which it works.
    ///   - responseHeaders: `response-content-type` and the like, with values.
    /// - Returns: The URL in its parts.
    public func presignGet(
        _ key: String,
        expires: Int,
        responseHeaders: [(String, String)] = []
    ) -> S3PresignedURL {
        signer.presignGet(key: key, expires: expires, responseHeaders: responseHeaders, at: now())
    }

    // MARK: Requests

    /// A request before it is signed.
    struct Call: Sendable {
        var method: String
        var key = ""
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var payload = S3Signer.emptyPayload
        var body = HTTPClientRequest.Body.none
        var isRepeated = false
    }

    func send(_ call: Call, _ completion: @escaping Completion<HTTPClientResponse>) {
        let moment = now()
        let signed = signer.sign(
            method: call.method,
            key: call.key,
            query: call.query,
            headers: call.headers,
            payloadSHA256: call.payload,
            at: moment
        )
        let request = HTTPClientRequest(
            method: HTTPMethod(rawValue: signed.method),
            url: signed.url,
            headers: signed.headers,
            body: call.body,
            limits: limits(for: call)
        )
        http.submit(request) { [self] result in
            switch result {
            case .failure(let error): completion(.failure(S3Error(error)))
            case .success(let response) where (200..<300).contains(response.status): completion(.success(response))
            case .success(let response):
                let error = S3Error(response)
                if !call.isRepeated, learnClock(from: response, error: error, signedAt: moment) {
                    var again = call
                    again.isRepeated = true
                    send(again, completion)
                } else {
                    completion(.failure(error))
                }
            }
        }
    }

    /// Runs an operation that calls back, and waits for its outcome.
    func wait<Value: Sendable>(
        _ start: (@escaping Completion<Value>) -> Void
    ) throws(S3Error) -> Value {
        let pending = PendingResult<Value>()
        start { pending.set($0) }
        return try pending.wait().get()
    }

    private func limits(for call: Call) -> HTTPClientLimits {
        var limits = http.configuration.limits
        if case .file(_, let length) = call.body, let total = limits.total {
            // A large file takes its time even at the slowest speed that is not a stall.
            limits.total = max(total, .seconds(length / Int64(max(limits.slowBytesPerSecond, 1))))
        }
        return limits
    }

    // MARK: Clock

    /// The time for signatures, in seconds since 1970.
    private func now() -> Int64 {
        clock() + clockOffset.load(ordering: .relaxed)
    }

    /// Takes over the store's clock where ours explains the refusal; returns false where it does not, or where ours is more
    /// than a day off.
    ///
    /// Not every store names the reason, and none can in the response to a `HEAD`: there a difference of clocks is taken
    /// for it.
    private func learnClock(
        from response: HTTPClientResponse,
        error: S3Error,
        signedAt moment: Int64
    ) -> Bool {
        guard error.kind == .clockSkew || error.kind == .refused,
            let date = response.header("date"), let theirs = HTTPDate.seconds(date)
        else { return false }
        let offset = theirs - clock()
        guard abs(offset) <= 86_400, error.kind == .clockSkew || abs(theirs - moment) > 240 else { return false }
        clockOffset.store(offset, ordering: .relaxed)
        return true
    }
}
