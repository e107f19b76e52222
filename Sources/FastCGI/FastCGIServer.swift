import System
public import HTTPTypes
public import Lifecycle

/// A FastCGI server with a fixed number of threads.
///
/// A thread accepts a connection, reads the whole request, calls its handler, writes the response and closes the
/// connection (`fastcgi_keep_conn off` at the web server: an idle connection would occupy a thread). Reads and writes have
/// time limits. Only the web server can reach the socket, and it buffers requests, so slow clients are its business.
///
///     let server = try FastCGIServer(FastCGIConfiguration(socketPath: "/run/observer/web.sock", threads: 12))
///     server.run(until: stop) { _ in
///         let database = PostgresConnection(configuration)  // one a thread
///         return { request in router.respond(to: request, context: database) }
///     }
public struct FastCGIServer: Sendable {
    /// The handler of one thread; created and called on that thread alone, so it may own a database connection.
    public typealias Handler = (HTTPRequest) -> HTTPResponse

    private let configuration: FastCGIConfiguration
    private let listener: FastCGIListener

    /// Opens the socket; connections wait in its backlog until ``run(until:makeHandler:)``.
    ///
    /// - Throws: ``FastCGIError``.
    public init(_ configuration: FastCGIConfiguration) throws(FastCGIError) {
        self.configuration = configuration
        listener = try FastCGIListener(path: configuration.socketPath, backlog: configuration.backlog)
    }

    /// Answers requests until `stop` is stopped; requests that have begun are answered.
    ///
    /// - Parameters:
    ///   - stop: The signal to end.
    ///   - makeHandler: Called once on each thread, with its number from 0.
    public func run(until stop: StopSignal, makeHandler: @escaping @Sendable (Int) -> Handler) {
        guard FCGXRequest.isLibraryReady else { return }
        stop.onStop { [listener] in listener.wake() }
        let workers = (0..<configuration.threads).map { number in
            DedicatedThread.start(name: "web-\(number)", stackBytes: configuration.stackBytes) {
                FastCGIWorker(listener, bodyLimit: configuration.bodyLimit)?.run(until: stop, makeHandler(number))
            }
        }
        for worker in workers { worker.join() }
    }
}
