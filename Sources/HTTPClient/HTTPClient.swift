import System
public import Lifecycle

/// An HTTP client that sends many requests at once on one thread, over libcurl's multi interface (libcurl-multi(3)).
///
/// Requests wait until the service runs; a stop completes all of them with `cancelled`. Connections are kept and used again.
/// Redirects are not followed, because the signer of a request must know where it goes.
///
///     let client = HTTPClient(HTTPClientConfiguration(name: "http", parallel: 8))  // a service: a stage runs it
///     client.submit(HTTPClientRequest(method: .put, url: url, body: .file(path: path, length: length))) { result in
///         results.push(result)  // on the client's thread
///     }
///     let response = try client.send(HTTPClientRequest(method: .get, url: url))  // waits
public final class HTTPClient: Service {
    /// Receives the outcome, on the client's thread: it must not block.
    public typealias Completion = @Sendable (Result<HTTPClientResponse, HTTPClientError>) -> Void

    /// The name of the client and its limits.
    public let configuration: HTTPClientConfiguration
    private let engine: HTTPClientEngine

    /// Creates a client that sends nothing before it runs.
    public init(_ configuration: HTTPClientConfiguration) {
        self.configuration = configuration
        engine = HTTPClientEngine(configuration)
    }

    /// The name of the client's thread.
    public var name: String { configuration.name }

    /// Sends requests until stopped; then completes what is under way or waits with `cancelled`.
    public func run(until stop: StopSignal) {
        stop.onStop { [engine] in engine.stop() }
        engine.run()
    }

    /// Queues a request and returns at once.
    public func submit(_ request: HTTPClientRequest, completion: @escaping Completion) {
        engine.submit(request, completion)
    }

    /// Sends a request and waits for the response.
    ///
    /// The service must have been started, and the caller must not be its thread.
    ///
    /// - Returns: The response, whatever its status.
    /// - Throws: ``HTTPClientError`` if there is none.
    public func send(_ request: HTTPClientRequest) throws(HTTPClientError) -> HTTPClientResponse {
        let outcome = Monitor<Result<HTTPClientResponse, HTTPClientError>?>(nil)
        submit(request) { result in outcome.withLock { $0 = result } }
        outcome.wait { $0 != nil }
        guard let result = outcome.withLock({ $0 }) else { throw HTTPClientError(.cancelled, "no outcome") }
        return try result.get()
    }

    /// The bytes of bodies that have been sent since the start, those of requests that failed included.
    public var sentBytes: Int64 {
        engine.sentBytes
    }

    /// The number of requests that are under way or wait.
    public var count: Int {
        engine.count
    }
}
