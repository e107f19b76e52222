import CFastCGI
import Glibc
public import Lifecycle

/// Answers FastCGI requests with a fixed number of threads.
///
/// A thread takes a connection, reads the whole request, calls its handler, writes the answer and closes the connection
/// (`fastcgi_keep_conn off` at the web server: an idle connection would pin a thread). Reads and writes have time limits.
/// Only the web server can reach the socket, and it buffers requests, so slow clients are its business.
public struct FastCGIServer: Sendable {
    /// How one thread answers; made on that thread and used by no other, so it may own a database connection.
    public typealias Handler = (Request) -> Response

    private let socket: ListeningSocket
    private let threads: Int
    private let bodyLimit: Int

    /// Makes a server.
    ///
    /// - Parameters:
    ///   - socket: Where the web server connects.
    ///   - threads: How many requests are answered at once, 1…256.
    ///   - bodyLimit: Bodies longer than this many bytes are not kept in memory; ``Request/body(limit:)`` reports them.
    public init(socket: ListeningSocket, threads: Int, bodyLimit: Int = 1 << 20) {
        self.socket = socket
        self.threads = min(max(threads, 1), 256)
        self.bodyLimit = bodyLimit
    }

    /// Answers requests until `stop` is stopped; requests that have begun are answered.
    ///
    /// - Parameters:
    ///   - stop: When to end.
    ///   - stackBytes: The size of a thread's stack.
    ///   - makeHandler: Called once on each thread, with its number from 0.
    public func run(
        until stop: StopSignal,
        stackBytes: Int = 512 * 1024,
        makeHandler: @escaping @Sendable (Int) -> Handler
    ) {
        guard Self.isInitialised else { return }
        stop.onStop { [socket] in socket.wake() }
        let workers = (0..<threads).map { number in
            DedicatedThread.start(name: "web-\(number)", stackBytes: stackBytes) {
                Worker(socket: socket, bodyLimit: bodyLimit)?.run(until: stop, makeHandler(number))
            }
        }
        for worker in workers { worker.join() }
    }

    /// Once in a process: `FCGX_Init` sets handlers for SIGPIPE and SIGUSR1, and for SIGTERM where it has none.
    private static let isInitialised = FCGX_Init() == 0
}

/// One thread's `FCGX_Request`; libfcgi allows one thread per request object.
///
/// Connections are accepted here and handed to libfcgi, whose own accept writes to stderr when it is woken for the end, can
/// be told to be quiet only for the whole process and for good, and has no time limits.
private final class Worker {
    /// How long the web server may be silent inside a request, which it sends from memory.
    private static let silenceLimit = timeval(tv_sec: 10, tv_usec: 0)

    private let request: UnsafeMutablePointer<FCGX_Request>
    private let socket: ListeningSocket
    private let bodyLimit: Int

    init?(socket: ListeningSocket, bodyLimit: Int) {
        request = .allocate(capacity: 1)
        request.initialize(to: FCGX_Request())
        self.socket = socket
        self.bodyLimit = bodyLimit
        guard FCGX_InitRequest(request, -1, FCGI_FAIL_ACCEPT_ON_INTR) == 0 else { return nil }
    }

    deinit {
        FCGX_Free(request, 1)
        request.deallocate()
    }

    func run(until stop: StopSignal, _ handler: FastCGIServer.Handler) {
        while !stop.isStopped {
            let connection = accept(socket.descriptor, nil, nil)
            guard connection >= 0 else {
                // A signal, no descriptor left, or the end: wait a moment and look.
                stop.wait(for: .milliseconds(20))
                continue
            }
            guard begins(connection) else {
                close(connection)
                continue
            }
            // With `keepConnection` set, FCGX_Accept_r takes the open connection instead of accepting one.
            request.pointee.keepConnection = 1
            request.pointee.ipcFd = connection
            guard FCGX_Accept_r(request) == 0 else { continue }
            answer(handler)
            FCGX_Finish_r(request)
            FCGX_Free(request, 1)
        }
    }

    /// Whether a connection brings a request: something comes, and it is of the protocol's version (FastCGI 1.0, 3.3).
    private func begins(_ connection: Int32) -> Bool {
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)  // No program is started from here; a failure changes nothing.
        var limit = Self.silenceLimit
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, size) == 0,
            setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, size) == 0
        else { return false }
        var version: UInt8 = 0
        return recv(connection, &version, 1, Int32(MSG_PEEK)) == 1 && version == 1
    }

    private func answer(_ handler: FastCGIServer.Handler) {
        let parameters = readParameters()
        let incoming = Request(parameters: parameters, content: .complete([]))
        let announced = incoming.parameter("CONTENT_LENGTH").flatMap { Int($0) } ?? 0
        let content = announced > 0 ? readBody(announced) : .complete([])
        if case .truncated = content { return }  // The client is gone: nobody waits for an answer, nothing is done.
        let request = Request(parameters: parameters, content: content)
        let response = handler(request)
        guard write(response.head()) else { return }
        if request.method != "HEAD" { _ = write(response.body) }  // A client that went away is no error.
    }

    /// Copies the parameters, which are valid until `FCGX_Finish_r`.
    private func readParameters() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2048)
        guard var entry = request.pointee.envp else { return bytes }
        while let text = entry.pointee {
            let length = strlen(text)
            text.withMemoryRebound(to: UInt8.self, capacity: length + 1) {
                bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: length + 1))
            }
            entry += 1
        }
        return bytes
    }

    private func readBody(_ announced: Int) -> RequestBody {
        guard announced <= bodyLimit else { return .tooLarge }
        let bytes = [UInt8](unsafeUninitializedCapacity: announced) { buffer, count in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                while count < announced {
                    let rest = Int32(announced - count)
                    let read = FCGX_GetStr(buffer.baseAddress.map { $0 + count }, rest, request.pointee.in)
                    guard read > 0 else { return }
                    count += Int(read)
                }
            }
        }
        // An aborted request looks like a short one; only the error code tells a protocol error.
        guard bytes.count == announced, FCGX_GetError(request.pointee.in) == 0 else { return .truncated }
        return .complete(bytes)
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return true }
            return base.withMemoryRebound(to: CChar.self, capacity: buffer.count) {
                FCGX_PutStr($0, Int32(clamping: buffer.count), request.pointee.out) >= 0
            }
        }
    }
}
