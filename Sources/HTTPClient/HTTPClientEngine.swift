import CLibCurl
import System

/// The queue of a client and the loop that owns its multi handle.
final class HTTPClientEngine: Sendable {
    private struct Pending: Sendable {
        let request: HTTPClientRequest
        let completion: HTTPClient.Completion
    }

    /// A request under way.
    private struct Active {
        let transfer: CurlTransfer
        let completion: HTTPClient.Completion
    }

    private struct State: Sendable {
        var waiting: [Pending] = []
        var underWay = 0
        var sentBytes: Int64 = 0
        var isStopped = false
    }

    private let configuration: HTTPClientConfiguration
    private let state = Lock(State())
    private let multi: CurlMulti

    /// The time after which requests that do not move are looked for, in milliseconds.
    private static let longestWait: Int32 = 1000

    /// Runs once in a process: `curl_global_init` is not thread-safe in libcurl 7.88.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    init(_ configuration: HTTPClientConfiguration) {
        guard Self.isLibraryReady, let raw = curl_multi_init() else {
            preconditionFailure("libcurl has no memory for a multi handle")
        }
        self.configuration = configuration
        multi = CurlMulti(takingOwnershipOf: raw)
        multi.setConnectionLimit(configuration.parallel)
    }

    var count: Int {
        state.withLock { $0.waiting.count + $0.underWay }
    }

    var sentBytes: Int64 {
        state.withLock { $0.sentBytes }
    }

    func submit(_ request: HTTPClientRequest, _ completion: @escaping HTTPClient.Completion) {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.waiting.append(Pending(request: request, completion: completion)) }
            return state.isStopped
        }
        if isStopped {
            completion(.failure(.stopped))
        } else {
            multi.wakeUp()
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        multi.wakeUp()
    }

    func run() {
        var active: [UnsafeRawPointer: Active] = [:]
        while true {
            let (begin, isStopped) = state.withLock { state in
                let begin = Array(state.waiting.prefix(max(0, configuration.parallel - active.count)))
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
                    let transfer = try CurlTransfer(pending.request, of: configuration)
                    multi.add(transfer.easy)
                    active[transfer.easy.key] = Active(transfer: transfer, completion: pending.completion)
                } catch {
                    pending.completion(.failure(error))
                }
            }
            multi.perform()
            measure(&active)
            while let (key, code) = multi.nextFinished() {
                guard let finished = active.removeValue(forKey: key) else { continue }
                multi.remove(finished.transfer.easy)
                if finished.transfer.isStale(code), let again = try? finished.transfer.again() {
                    // If it cannot even begin, the first outcome stands.
                    multi.add(again.easy)
                    active[again.easy.key] = Active(transfer: again, completion: finished.completion)
                } else {
                    finished.completion(finished.transfer.outcome(code))
                }
            }
            let hasMore = state.withLock { !$0.waiting.isEmpty } && active.count < configuration.parallel
            if !hasMore, let wait = resume(active) { multi.poll(milliseconds: wait) }
        }
    }

    /// Adds up what was sent, and ends what does not move.
    private func measure(_ active: inout [UnsafeRawPointer: Active]) {
        let now = MonotonicInstant.now()
        var sent: Int64 = 0
        var stalled: [(key: UnsafeRawPointer, error: HTTPClientError)] = []
        for (key, request) in active {
            sent += request.transfer.advance(now)
            if let error = request.transfer.stall(now) { stalled.append((key, error)) }
        }
        if sent > 0 { state.withLock { $0.sentBytes += sent } }
        for (key, error) in stalled {
            guard let request = active.removeValue(forKey: key) else { continue }
            multi.remove(request.transfer.easy)
            request.completion(.failure(error))
        }
    }

    /// Goes on with the bodies whose turn has come.
    ///
    /// - Returns: The milliseconds until there is something to do, if nothing comes; nil if there is now.
    private func resume(_ active: [UnsafeRawPointer: Active]) -> Int32? {
        guard let pacer = configuration.pacer else { return Self.longestWait }
        let now = MonotonicInstant.now()
        var next = now + .milliseconds(Int(Self.longestWait))
        var hasResumed = false
        for priority in HTTPClientPriority.allCases {
            let paced = active.values.filter { $0.transfer.isPaced && $0.transfer.priority == priority }
            guard !paced.isEmpty else { continue }
            let turn = pacer.nextTurn(of: priority, now: now)
            next = min(next, turn)
            guard turn <= now else { continue }
            for request in paced { request.transfer.resume() }
            hasResumed = true
        }
        return hasResumed ? nil : max(1, next.pollMilliseconds)
    }

    private func cancel(_ begin: [Pending], _ active: [UnsafeRawPointer: Active]) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for request in active.values {
            multi.remove(request.transfer.easy)
            request.completion(.failure(.stopped))
        }
        for pending in begin + waiting { pending.completion(.failure(.stopped)) }
    }
}

extension HTTPClientError {
    fileprivate static var stopped: HTTPClientError { HTTPClientError(.cancelled, "the client was stopped") }
}
