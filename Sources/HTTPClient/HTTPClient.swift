import System
import CLibCurl
public import Lifecycle
import Synchronization

/// Sends requests, many at once, on the thread of its service: libcurl's multi interface (libcurl-multi(3)).
///
/// Requests wait until the service runs; a stop completes all of them with `cancelled`. Connections are kept and used again. Redirects are not followed, because the one who signs a request must know where
/// it goes.
public final class HTTPClient: Service {
    /// Receives the outcome, on the service's thread: it must not block.
    public typealias Completion = @Sendable (Result<HTTPClientResponse, HTTPClientError>) -> Void

    /// The name of its thread.
    public let name: String
    private let engine: Engine

    /// Creates a client that sends nothing before it runs.
    ///
    /// - Parameters:
    ///   - name: The name of its thread.
    ///   - parallel: How many requests are under way at most; more wait in order.
    public init(name: String, parallel: Int) {
        self.name = name
        engine = Engine(parallel: max(parallel, 1))
    }

    /// Sends requests until stopped; what is under way or waits then is completed with `cancelled`.
    public func run(until stop: StopSignal) {
        stop.onStop { [engine] in engine.stop() }
        engine.run()
    }

    /// Sends a request.
    public func submit(_ request: HTTPClientRequest, completion: @escaping Completion) {
        engine.submit(request, completion)
    }

    /// Sends a request and waits for the answer; must not be called before the service is started, or on its thread.
    ///
    /// - Returns: The answer, whatever its status.
    /// - Throws: `HTTPClientError` where there is none.
    public func send(_ request: HTTPClientRequest) throws(HTTPClientError) -> HTTPClientResponse {
        let outcome = Monitor<Result<HTTPClientResponse, HTTPClientError>?>(nil)
        submit(request) { result in outcome.withLock { $0 = result } }
        outcome.wait { $0 != nil }
        guard let result = outcome.withLock({ $0 }) else {
            throw HTTPClientError(kind: .cancelled, reason: "no outcome")
        }
        return try result.get()
    }

    /// How many requests are under way or wait.
    public var count: Int {
        engine.count
    }
}

/// The thread that owns the multi handle.
private final class Engine: Sendable {
    private struct Pending: Sendable {
        let request: HTTPClientRequest
        let completion: HTTPClient.Completion
    }

    private struct State: Sendable {
        var waiting: [Pending] = []
        var underWay = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let multi: CurlMulti
    private let parallel: Int

    init(parallel: Int) {
        self.parallel = parallel
        multi = CurlMulti(connections: parallel)
    }

    var count: Int {
        state.withLock { $0.waiting.count + $0.underWay }
    }

    func submit(_ request: HTTPClientRequest, _ completion: @escaping HTTPClient.Completion) {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.waiting.append(Pending(request: request, completion: completion)) }
            return state.isStopped
        }
        if isStopped {
            completion(.failure(HTTPClientError(kind: .cancelled, reason: "the engine was stopped")))
        } else {
            multi.wakeUp()
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        multi.wakeUp()
    }

    func run() {
        var active: [UnsafeRawPointer: (transfer: CurlEasy, completion: HTTPClient.Completion)] = [:]
        while true {
            let (begin, isStopped) = state.withLock { state in
                let begin = Array(state.waiting.prefix(max(0, parallel - active.count)))
                state.waiting.removeFirst(begin.count)
                state.underWay = active.count + begin.count
                return (begin, state.isStopped)
            }
            if isStopped {
                cancel(begin, active)
                return
            }
            for pending in begin {
                do throws(HTTPClientError) {
                    let transfer = try CurlEasy(pending.request)
                    multi.add(transfer)
                    active[transfer.key] = (transfer, pending.completion)
                } catch {
                    pending.completion(.failure(error))
                }
            }
            multi.perform()
            while let (key, code) = multi.nextFinished() {
                guard let (transfer, completion) = active.removeValue(forKey: key) else { continue }
                multi.remove(transfer)
                if transfer.isStale(code), let again = try? transfer.again() {
                    // Should it not even begin, the first outcome stands.
                    multi.add(again)
                    active[again.key] = (again, completion)
                } else {
                    completion(transfer.outcome(code))
                }
            }
            let hasMore = state.withLock { !$0.waiting.isEmpty } && active.count < parallel
            if !hasMore { multi.poll() }
        }
    }

    private func cancel(
        _ begin: [Pending],
        _ active: [UnsafeRawPointer: (transfer: CurlEasy, completion: HTTPClient.Completion)]
    ) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        let error = HTTPClientError(kind: .cancelled, reason: "the engine was stopped")
        for (transfer, completion) in active.values {
            multi.remove(transfer)
            completion(.failure(error))
        }
        for pending in begin + waiting { pending.completion(.failure(error)) }
    }
}

/// A curl multi handle.
///
/// Safe: only the engine's thread uses it, but for `curl_multi_wakeup`, which any thread may call (its manual page).
private final class CurlMulti: @unchecked Sendable {
    private let handle: OpaquePointer  // CURLM

    /// `curl_global_init` is not thread-safe in 7.88, so it runs once for the process.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    init(connections: Int) {
        guard Self.isReady, let handle = curl_multi_init() else {
            preconditionFailure("libcurl has no memory for a multi handle")
        }
        self.handle = handle
        _ = observer_curl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, connections)  // ignored: a cache's size
    }

    deinit {
        curl_multi_cleanup(handle)
    }

    func wakeUp() { curl_multi_wakeup(handle) }

    func add(_ transfer: CurlEasy) { curl_multi_add_handle(handle, transfer.handle) }

    func remove(_ transfer: CurlEasy) { curl_multi_remove_handle(handle, transfer.handle) }

    func perform() {
        var running: Int32 = 0
        curl_multi_perform(handle, &running)
    }

    /// Waits until there is something to do, or a second.
    func poll() {
        var ready: Int32 = 0
        curl_multi_poll(handle, nil, 0, 1000, &ready)
    }

    func nextFinished() -> (key: UnsafeRawPointer, code: CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            return (UnsafeRawPointer(easy), message.pointee.data.result)
        }
        return nil
    }
}
