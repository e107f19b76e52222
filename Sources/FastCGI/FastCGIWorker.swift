import Glibc
import HTTPTypes
import Lifecycle

/// One thread of a server.
///
/// Connections are accepted here and handed to libfcgi: its own accept writes to stderr when it is woken for the end, which
/// can be silenced only for the whole process and for good, and it has no time limits.
struct FastCGIWorker: ~Copyable {
    /// The time the web server may be silent inside a request, which it sends from memory.
    private static let silenceLimit = timeval(tv_sec: 10, tv_usec: 0)

    /// Bytes beyond the announced length that are read to get to the end of a request; there should be none.
    private static let restLimit: Int32 = 1024

    private let handle: FCGXRequest
    private let listener: FastCGIListener
    private let bodyLimit: Int

    init?(_ listener: FastCGIListener, bodyLimit: Int) {
        guard let handle = FCGXRequest() else { return nil }
        self.handle = handle
        self.listener = listener
        self.bodyLimit = bodyLimit
    }

    func run(until stop: StopSignal, _ handler: FastCGIServer.Handler) {
        while !stop.isStopped {
            let connection = accept(listener.descriptor, nil, nil)
            guard connection >= 0 else {
                // A signal, no descriptor left, or the end: wait a moment and look again.
                stop.wait(for: .milliseconds(20))
                continue
            }
            guard Self.bringsRequest(connection) else {
                close(connection)
                continue
            }
            guard handle.begin(takingOwnershipOf: connection) else { continue }
            answer(handler)
            handle.finish()
        }
    }

    /// Returns true if a connection sends something, and that begins with the protocol's version (FastCGI 1.0, 3.3).
    private static func bringsRequest(_ connection: Int32) -> Bool {
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)  // No program is started from here; a failure changes nothing.
        var limit = silenceLimit
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, size) == 0,
            setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, size) == 0
        else { return false }
        var version: UInt8 = 0
        return recv(connection, &version, 1, Int32(MSG_PEEK)) == 1 && version == 1
    }

    private func answer(_ handler: FastCGIServer.Handler) {
        var incoming = FastCGIRequest()
        handle.forEachParameter { incoming.add($0) }
        // The client has gone, so the request is dropped.
        guard let body = readBody(incoming.announcedLength) else { return }
        let request = incoming.request(body: body)
        let answer = handler(request)
        let response = FastCGIResponse(answer, to: request.method)
        // A client that went away is no error.
        if let stream = answer.stream, request.method != .head {
            _ = handle.send(response, stream)
        } else {
            _ = handle.send(response)
        }
    }

    /// Returns the body; nil if it ended early.
    private func readBody(_ length: Int) -> HTTPRequest.Body? {
        guard length <= bodyLimit else { return .tooLarge }
        defer { handle.readRest(limit: Self.restLimit) }
        guard length > 0 else { return .complete([]) }
        return handle.read(length).map { .complete($0) }
    }
}
