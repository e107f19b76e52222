import CFastCGI
import Glibc
public import Lifecycle

/// Answers FastCGI requests with a fixed number of threads.
///
/// A thread takes a connection, reads the whole request, calls its handler and writes the answer; the web server must
/// not keep connections open (`fastcgi_keep_conn off`), or an idle one would pin a thread. Only the web server can
/// reach the socket and it buffers requests, so slow clients are its business.
public struct Server: Sendable {
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
        until stop: StopToken,
        stackBytes: Int = 512 * 1024,
        makeHandler: @escaping @Sendable (Int) -> Handler
    ) {
        guard Self.isInitialised else { return }
        stop.onStop { [socket] in
            // Without the flag libfcgi reports each woken accept on stderr.
            FCGX_ShutdownPending()
            socket.wake()
        }
        let workers = (0..<threads).map { number in
            OwnThread.start(name: "web-\(number)", stackBytes: stackBytes) {
                Worker(descriptor: socket.descriptor, bodyLimit: bodyLimit)?.run(until: stop, makeHandler(number))
            }
        }
        for worker in workers { worker.join() }
    }

    /// Once in a process: `FCGX_Init` sets handlers for SIGPIPE and SIGUSR1, and for SIGTERM where it has none.
    private static let isInitialised = FCGX_Init() == 0
}

/// One thread's `FCGX_Request`; libfcgi allows one thread per request object.
private final class Worker {
    private let request: UnsafeMutablePointer<FCGX_Request>
    private let bodyLimit: Int

    init?(descriptor: Int32, bodyLimit: Int) {
        request = .allocate(capacity: 1)
        request.initialize(to: FCGX_Request())
        self.bodyLimit = bodyLimit
        guard FCGX_InitRequest(request, descriptor, FCGI_FAIL_ACCEPT_ON_INTR) == 0 else { return nil }
    }

    deinit {
        FCGX_Free(request, 1)
        request.deallocate()
    }

    func run(until stop: StopToken, _ handler: Server.Handler) {
        while !stop.isStopped {
            guard FCGX_Accept_r(request) == 0 else {
                // A signal, or no descriptor left: nothing was accepted, so wait a moment and go on.
                stop.wait(for: .milliseconds(20))
                continue
            }
            answer(handler)
            FCGX_Finish_r(request)
        }
    }

    private func answer(_ handler: Server.Handler) {
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
