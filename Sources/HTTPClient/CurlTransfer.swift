import CLibCurl
import Glibc
import HTTPTypes
import System

/// One request under way.
///
/// Used by the client's thread alone. libcurl keeps a pointer to the object from `init` to `deinit`; the engine holds it
/// until its handle is removed from the multi handle.
final class CurlTransfer {
    private(set) var easy: CurlEasy
    private let request: HTTPClientRequest
    private let configuration: HTTPClientConfiguration
    private let limits: HTTPClientLimits
    private var responseHeaders: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var file: HTTPClientFileBody?
    private var fileLength: Int64 = 0
    private var progress: HTTPClientProgress
    /// True while the body waits for its turn.
    private(set) var isPaced = false

    /// Prepares a request; the client's limits hold if it has none, and a fresh one gets a connection of its own.
    init(
        _ request: HTTPClientRequest,
        of configuration: HTTPClientConfiguration,
        isFresh: Bool = false
    ) throws(HTTPClientError) {
        guard let raw = curl_easy_init() else { throw HTTPClientError(.network, "libcurl has no memory for a handle") }
        easy = CurlEasy(takingOwnershipOf: raw)
        self.request = request
        self.configuration = configuration
        limits = request.limits ?? configuration.limits
        progress = HTTPClientProgress(limits: limits, now: .now())
        guard request.url.hasPrefix("http://") || request.url.hasPrefix("https://") else {
            throw HTTPClientError(.badRequest, "the URL is neither http nor https")
        }
        easy.set(CURLOPT_URL, request.url)
        easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        easy.set(CURLOPT_PATH_AS_IS, 1)
        easy.set(CURLOPT_NOSIGNAL, 1)
        if isFresh { easy.set(CURLOPT_FRESH_CONNECT, 1) }
        easy.set(CURLOPT_FOLLOWLOCATION, 0)
        easy.set(CURLOPT_TCP_NODELAY, 1)
        // One connection for each request under way: over HTTP/2 all uploads would share one and its window.
        easy.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // A proxy of the environment would see the caller's data; only the configured endpoint gets it.
        easy.set(CURLOPT_PROXY, "")
        if let certificates = configuration.certificates { easy.set(CURLOPT_CAINFO, certificates) }
        setLimits()
        try setHeaders()
        setReceivers()
        try setBody()
    }

    private func setLimits() {
        easy.set(CURLOPT_CONNECTTIMEOUT_MS, limits.connect)
        if let total = limits.total { easy.set(CURLOPT_TIMEOUT_MS, total) }
        easy.setUnsentLimit()
    }

    private func setHeaders() throws(HTTPClientError) {
        // Without an empty Expect, libcurl sends `Expect: 100-continue` before large bodies and waits up to 1 s for the
        // answer.
        var lines = ["Expect:"]
        for (name, value) in request.headers {
            guard !(name + value).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw HTTPClientError(.badRequest, "a header has a control character")
            }
            // libcurl drops a header with nothing after the colon; a semicolon asks for an empty one.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        if case .bytes = request.body, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        easy.setHeaders(lines)
    }

    private func setReceivers() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        easy.setBodyReceiver(
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
            },
            context: context
        )
        easy.setHeaderReceiver(
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                transfer.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
                return size * count
            },
            context: context
        )
    }

    private func setBody() throws(HTTPClientError) {
        switch request.body {
        case .bytes(let bytes) where !bytes.isEmpty:
            easy.setContent(bytes)
            easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        case .file(let path, let length):
            file = try HTTPClientFileBody(opening: path, length: length, listener: request.bodyListener)
            setSource(length: length)
            easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        case .none, .bytes:
            switch request.method {
            case .head: easy.set(CURLOPT_NOBODY, 1)
            case .put, .post:
                easy.set(CURLOPT_COPYPOSTFIELDS, "")
                easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            default: easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            }
        }
    }

    /// Sets the functions by which libcurl reads the body from the file.
    ///
    /// Its own reader takes an error of the disk for the end of the body: the server would wait for the rest, and the
    /// request would end as one that was too slow.
    private func setSource(length: Int64) {
        fileLength = length
        easy.setContentSource(
            { bytes, size, count, context in
                guard let bytes, let context else { return Int(CURL_READFUNC_ABORT) }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            },
            seeker: { context, offset, origin in
                guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.file?.seek(to: Int64(offset)) == true ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
            },
            length: length,
            context: Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Reads the next bytes of the file, as many as may be sent now.
    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let file else { return Int(CURL_READFUNC_ABORT) }
        var count = buffer.count
        if let pacer = configuration.pacer, file.rest > 0 {
            count = pacer.take(upTo: min(count, file.rest), for: priority, now: .now())
            isPaced = count <= 0
            guard !isPaced else { return Int(CURL_READFUNC_PAUSE) }
        }
        return file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(count)))
            ?? Int(CURL_READFUNC_ABORT)
    }

    var priority: HTTPClientPriority { request.priority }

    /// Goes on with a body whose turn has come.
    func resume() {
        isPaced = false
        easy.resume()
    }

    /// Takes note of the bytes that have moved.
    ///
    /// - Returns: The bytes of the body that were sent since the last call.
    func advance(_ now: MonotonicInstant) -> Int64 {
        progress.advance(sent: easy.getOffset(CURLINFO_SIZE_UPLOAD_T), received: body.count, isPaced: isPaced, now: now)
    }

    /// The reason to end the request: nothing has moved for too long.
    func stall(_ now: MonotonicInstant) -> HTTPClientError? { progress.stall(of: fileLength, now: now) }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= limits.responseBytes else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self)
        // A status line begins the headers of another response, as after 100 Continue.
        if line.hasPrefix("HTTP/") { responseHeaders = [] }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        let end = value.lastIndex { $0 != " " && $0 != "\t" && $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        responseHeaders.append((line[..<colon].lowercased(), end.map { String(value[...$0]) } ?? ""))
    }

    /// Returns true if the server had closed the kept connection that was used.
    ///
    /// The same request over a new connection is then no second try. libcurl repeats it itself, unless it notices only
    /// while it sends.
    func isStale(_ code: CURLcode) -> Bool {
        guard code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING else { return false }
        guard request.method != .post, responseHeaders.isEmpty, body.isEmpty else { return false }
        return easy.get(CURLINFO_NUM_CONNECTS) == 0
    }

    /// Returns the same request over a connection of its own.
    func again() throws(HTTPClientError) -> CurlTransfer {
        try CurlTransfer(request, of: configuration, isFresh: true)
    }

    /// Returns the outcome, once libcurl is done.
    func outcome(_ code: CURLcode) -> Result<HTTPClientResponse, HTTPClientError> {
        guard !isTooLarge else {
            return .failure(HTTPClientError(.tooLarge, "more than \(limits.responseBytes) bytes"))
        }
        if let failure = file?.failure { return .failure(failure) }
        guard code == CURLE_OK else { return .failure(HTTPClientError(code, words: easy.errorText)) }
        let status = easy.get(CURLINFO_RESPONSE_CODE) ?? 0
        return .success(HTTPClientResponse(status: status, headers: responseHeaders, body: body))
    }
}
