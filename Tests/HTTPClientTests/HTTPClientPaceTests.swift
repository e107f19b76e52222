import TemporaryFolders
import System
import Glibc
import HTTPClient
import HTTPTypes
import Lifecycle
import TestSupport
import Testing

/// Slow lines, and lines that must not be filled.
@Suite(.timeLimit(.minutes(1))) struct HTTPClientPaceTests {
    private let folder = TemporaryFolder()

    private func scratchFile(bytes: Int) throws -> String {
        let path = "\(folder.path)/\(bytes)"
        try File.writeDurably([UInt8](repeating: 7, count: bytes), to: path)
        return path
    }

    private func running(_ pacer: any HTTPClientPacer) -> HTTPClient {
        var configuration = HTTPClientConfiguration(name: "paced", parallel: 4)
        configuration.pacer = pacer
        let client = HTTPClient(configuration)
        DedicatedThread.start(name: "paced") { client.run(until: .init()) }
        return client
    }

    private static let accepting: @Sendable (HTTPStub.Request) -> HTTPStub.Answer = { _ in HTTPStub.Answer(200) }

    @Test func `an upload that moves is kept however slow it is`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                var left = 3_000_000
                while left > 0 {
                    // The pace of the line, not a wait for something.
                    usleep(100_000)
                    let count = LocalServer.drain(connection, bytes: min(left, 75_000)).count
                    guard count > 0 else { return }
                    left -= count
                }
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
            }
        )
        let client = HTTPClient.running(name: "slow", parallel: 1)
        var limits = HTTPClientLimits()
        (limits.stall, limits.answer, limits.total) = (.seconds(2), .seconds(20), nil)
        let body = HTTPClientRequest.Body.file(path: try scratchFile(bytes: 3_000_000), length: 3_000_000)
        let start = MonotonicInstant.now()
        let request = HTTPClientRequest(method: .put, url: server.url, body: body, limits: limits)
        #expect(try client.send(request).status == 200)
        #expect(MonotonicInstant.now() - start > .seconds(3))
        #expect(server.requests.count == 1 && client.sentBytes == 3_000_000)
    }

    @Test func `a body goes out at the pace that is set, and a wait for its turn is no stall`() throws {
        let server = try #require(HTTPStub(Self.accepting))
        let pacer = SteadyPacer(bytes: 50_000, every: .milliseconds(1200))
        let client = running(pacer)
        var limits = HTTPClientLimits()
        limits.stall = .seconds(1)
        let body = HTTPClientRequest.Body.file(path: try scratchFile(bytes: 200_000), length: 200_000)
        let request = HTTPClientRequest(method: .put, url: server.url, body: body, limits: limits)
        let start = MonotonicInstant.now()
        #expect(try client.send(request).status == 200)
        #expect(MonotonicInstant.now() - start > .milliseconds(3500))
        #expect(server.requests.map(\.body.count) == [200_000])
    }

    @Test func `the importance of a request reaches the pacer`() throws {
        let server = try #require(HTTPStub(Self.accepting))
        let pacer = SteadyPacer(bytes: 1 << 20, every: .milliseconds(1))
        let client = running(pacer)
        let path = try scratchFile(bytes: 1000)
        for priority in HTTPClientPriority.allCases {
            var request = HTTPClientRequest(method: .put, url: server.url, body: .file(path: path, length: 1000))
            request.priority = priority
            #expect(try client.send(request).status == 200)
        }
        #expect(pacer.asked == [.high, .low])
    }
}

/// Grants so many bytes at each interval.
private final class SteadyPacer: HTTPClientPacer {
    private let bytes: Int
    private let interval: Duration
    private let state = Lock((next: MonotonicInstant.now(), asked: [HTTPClientPriority]()))

    init(bytes: Int, every interval: Duration) {
        self.bytes = bytes
        self.interval = interval
    }

    /// The importance of bodies that were granted bytes, in order.
    var asked: [HTTPClientPriority] { state.withLock { $0.asked } }

    func take(upTo most: Int, for priority: HTTPClientPriority, now: MonotonicInstant) -> Int {
        state.withLock { state in
            guard now >= state.next else { return 0 }
            state.next = now + interval
            state.asked.append(priority)
            return min(most, bytes)
        }
    }

    func nextTurn(of priority: HTTPClientPriority, now: MonotonicInstant) -> MonotonicInstant {
        state.withLock { $0.next }
    }
}
