import CFastCGI
import Glibc
import HTTPTypes

/// An `FCGX_Request`, of which libfcgi allows one thread to use one at a time.
struct FCGXRequest: ~Copyable {
    private let raw: UnsafeMutablePointer<FCGX_Request>

    /// Runs once in a process: `FCGX_Init` sets handlers for SIGPIPE and SIGUSR1, and for SIGTERM where it has none.
    static let isLibraryReady = FCGX_Init() == 0

    /// Creates a request object that does not accept connections itself; nil if the library refuses.
    init?() {
        let raw = UnsafeMutablePointer<FCGX_Request>.allocate(capacity: 1)
        raw.initialize(to: FCGX_Request())
        guard Self.isLibraryReady, FCGX_InitRequest(raw, -1, FCGI_FAIL_ACCEPT_ON_INTR) == 0 else {
            raw.deallocate()
            return nil
        }
        self.raw = raw
    }

    deinit {
        FCGX_Free(raw, 1)
        raw.deallocate()
    }

    /// Reads the parameters of the request that a connection brings; the connection is the library's from here on.
    func begin(takingOwnershipOf connection: Int32) -> Bool {
        // With `keepConnection` set, FCGX_Accept_r takes the open connection instead of accepting one.
        raw.pointee.keepConnection = 1
        raw.pointee.ipcFd = connection
        return FCGX_Accept_r(raw) == 0
    }

    /// Sends a response; false if the web server is gone.
    ///
    /// Not by libfcgi, which copies all of it through 8 KiB, with a call and a record for each, and wakes the web server as
    /// often.
    func send(_ response: FastCGIResponse) -> Bool {
        FastCGIRecords(
            head: response.head.count,
            body: response.body.count,
            request: UInt16(truncatingIfNeeded: raw.pointee.requestId)
        ).send(response, to: raw.pointee.ipcFd)
    }

    /// Sends a response whose body is produced meanwhile; false if it was cut, so that nothing more may be sent.
    func send(_ response: FastCGIResponse, _ stream: HTTPBodyStream) -> Bool {
        FastCGIStream(descriptor: raw.pointee.ipcFd, request: UInt16(truncatingIfNeeded: raw.pointee.requestId))
            .send(response, stream)
    }

    /// Closes the connection.
    ///
    /// Where all of the request was read that is a close and nothing more. Elsewhere it is libfcgi's, which waits until the
    /// web server has read the response: closing with something unread would take it away from under the reader.
    func finish() {
        let connection = raw.pointee.ipcFd
        let isRead = raw.pointee.in.map { FCGX_HasSeenEOF($0) != 0 } ?? false
        guard isRead, connection >= 0 else {
            FCGX_Free(raw, 1)
            return
        }
        FCGX_Free(raw, 0)
        raw.pointee.ipcFd = -1
        close(connection)
    }

    /// Reads on to the end of the request, but not more than `limit` bytes.
    func readRest(limit: Int32) {
        var rest = [CChar](repeating: 0, count: Int(limit))
        _ = FCGX_GetStr(&rest, limit, raw.pointee.in)  // What there is beyond the announced length is nobody's.
    }

    /// Lends each parameter in turn, `NAME=VALUE`.
    func forEachParameter(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard var entry = raw.pointee.envp else { return }
        while let text = entry.pointee {
            let length = strlen(text)
            text.withMemoryRebound(to: UInt8.self, capacity: length) {
                body(UnsafeBufferPointer(start: $0, count: length))
            }
            entry += 1
        }
    }

    /// Reads `count` bytes of the body; nil if it ends before.
    func read(_ count: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                while filled < count {
                    let rest = Int32(clamping: count - filled)
                    let read = FCGX_GetStr(buffer.baseAddress.map { $0 + filled }, rest, raw.pointee.in)
                    guard read > 0 else { return }
                    filled += Int(read)
                }
            }
        }
        // An aborted request looks like a short one; a protocol error shows in the error code alone.
        guard bytes.count == count, FCGX_GetError(raw.pointee.in) == 0 else { return nil }
        return bytes
    }
}
