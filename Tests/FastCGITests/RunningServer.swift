import FastCGI
import HTTPTypes
import Lifecycle
import System
import TemporaryFolders

/// A server on a socket of its own that counts the calls of its handler.
final class RunningServer: Sendable {
    let client: FastCGIClient
    let calls = Lock(0)
    private let stop = StopSignal()
    private let ended = Monitor(false)
    private let folder = TemporaryFolder()

    init(threads: Int = 2, bodyLimit: Int = 1 << 20, handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse) throws
    {
        let path = folder.path + "/socket"
        client = FastCGIClient(path: path)
        let server = try FastCGIServer(
            FastCGIConfiguration(socketPath: path, threads: threads, bodyLimit: bodyLimit)
        )
        DedicatedThread.start(name: "server") { [self] in
            server.run(until: stop) { _ in
                { request in
                    self.calls.withLock { $0 += 1 }
                    return handler(request)
                }
            }
            ended.withLock { $0 = true }
        }
    }

    /// Stops the server and returns true if all its threads have ended within `limit`.
    func end(within limit: Duration = .seconds(5)) -> Bool {
        stop.stop()
        return ended.wait(until: MonotonicInstant.now() + limit) { $0 }
    }

    deinit { stop.stop() }
}
