import CLibCurl
import Glibc

/// One request under way: a curl easy handle and what it needs until it is done.
///
/// Used by the engine's thread alone. libcurl keeps pointers to the object from `init` to `deinit`; the engine holds it
/// until the handle is removed from the multi handle.
final class CurlEasy {
    let handle: OpaquePointer  // CURL
    private let request: HTTPClientRequest
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var file: UnsafeMutablePointer<FILE>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var responseHeaders: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var isTooLarge = false

    /// What libcurl names the handle by in its messages.
    var key: UnsafeRawPointer { UnsafeRawPointer(handle) }

    /// Prepares a request; a fresh one gets a connection of its own.
    init(_ request: HTTPClientRequest, isFresh: Bool = false) throws(HTTPClientError) {
        guard let handle = curl_easy_init() else { preconditionFailure("libcurl has no memory for a handle") }
        self.handle = handle
        self.request = request
        errorText.pointee = 0
        guard request.url.hasPrefix("http://") || request.url.hasPrefix("https://") else {
            throw HTTPClientError(kind: .badRequest, reason: "the URL is neither http nor https")
        }
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_NOSIGNAL, 1)
        if isFresh { set(CURLOPT_FRESH_CONNECT, 1) }
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_TCP_NODELAY, 1)
        // One connection for each request under way: over HTTP/2 all uploads would share one and its window.
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // What a proxy of the environment would see is the caller's data; only the configured endpoint gets it.
        set(CURLOPT_PROXY, "")
        observer_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        setLimits()
        try setHeaders()
        setReceivers()
        try setBody()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        if let file { fclose(file) }
        errorText.deallocate()
    }

    private func set(_ option: CURLoption, _ value: Int) {
        observer_curl_set_long(handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        observer_curl_set_string(handle, option, value)
    }

    private func setLimits() {
        let limits = request.limits
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(limits.connect))
        if let total = limits.total { set(CURLOPT_TIMEOUT_MS, milliseconds(total)) }
        set(CURLOPT_LOW_SPEED_LIMIT, limits.slowBytesPerSecond)
        set(CURLOPT_LOW_SPEED_TIME, max(1, milliseconds(limits.slowFor) / 1000))
    }

    private func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(clamping: max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    private func setHeaders() throws(HTTPClientError) {
        // Without an empty Expect, libcurl asks for leave before large bodies and waits a second where none is given.
        var lines = ["Expect:"]
        for (name, value) in request.headers {
            guard !(name + value).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw HTTPClientError(kind: .badRequest, reason: "a header has a control character")
            }
            // libcurl drops a header with nothing after the colon; a semicolon asks for an empty one.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        if case .bytes = request.body, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        observer_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList)
    }

    private func setReceivers() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        observer_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        observer_curl_set_receiver(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
            return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        observer_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        observer_curl_set_receiver(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
            transfer.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    private func setBody() throws(HTTPClientError) {
        switch request.body {
        case .bytes(let bytes) where !bytes.isEmpty:
            observer_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
            bytes.withUnsafeBufferPointer { buffer in
                buffer.withMemoryRebound(to: CChar.self) { text in
                    _ = observer_curl_set_string(handle, CURLOPT_COPYPOSTFIELDS, text.baseAddress)
                }
            }
            set(CURLOPT_CUSTOMREQUEST, request.method)
        case .file(let path, let length):
            let file = try Self.open(path, length)
            self.file = file
            // Without a read function libcurl uses fread on this.
            observer_curl_set_pointer(handle, CURLOPT_READDATA, file)
            observer_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
            set(CURLOPT_UPLOAD, 1)
            set(CURLOPT_UPLOAD_BUFFERSIZE, 512 * 1024)
            set(CURLOPT_CUSTOMREQUEST, request.method)
        case .none, .bytes:
            switch request.method {
            case "HEAD": set(CURLOPT_NOBODY, 1)
            case "PUT", "POST":
                set(CURLOPT_COPYPOSTFIELDS, "")
                set(CURLOPT_CUSTOMREQUEST, request.method)
            default: set(CURLOPT_CUSTOMREQUEST, request.method)
            }
        }
    }

    /// Opens a file to be sent; one that is shorter than announced would leave the server waiting for the rest.
    private static func open(_ path: String, _ length: Int64) throws(HTTPClientError) -> UnsafeMutablePointer<FILE> {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw HTTPClientError(kind: .unreadable, reason: String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int64(status.st_size) >= length, let file = fdopen(descriptor, "r")
        else {
            close(descriptor)
            throw HTTPClientError(kind: .unreadable, reason: "the file has fewer than \(length) bytes")
        }
        return file
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= request.limits.responseBytes else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self)
        // A status line begins the headers of another answer, as after 100 Continue.
        if line.hasPrefix("HTTP/") { responseHeaders = [] }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        let end = value.lastIndex { $0 != " " && $0 != "\t" && $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        responseHeaders.append((line[..<colon].lowercased(), end.map { String(value[...$0]) } ?? ""))
    }

    /// Whether the server had closed the kept connection that was used.
    ///
    /// Then the same request over a new one is no second try. libcurl sees to that itself unless it notices only while it sends.
    func isStale(_ code: CURLcode) -> Bool {
        guard code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING else { return false }
        guard request.method != "POST", responseHeaders.isEmpty, body.isEmpty else { return false }
        var connections = 1
        observer_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &connections)
        return connections == 0
    }

    /// The same request, over a connection of its own.
    func again() throws(HTTPClientError) -> CurlEasy {
        try CurlEasy(request, isFresh: true)
    }

    /// The outcome, once libcurl is done.
    func outcome(_ code: CURLcode) -> Result<HTTPClientResponse, HTTPClientError> {
        guard code == CURLE_OK else {
            let words = String(cString: errorText)
            let reason = words.isEmpty ? String(cString: curl_easy_strerror(code)) : words
            return .failure(HTTPClientError(kind: kind(code), reason: reason))
        }
        var status = 0
        observer_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPClientResponse(status: status, headers: responseHeaders, body: body))
    }

    private func kind(_ code: CURLcode) -> HTTPClientError.Kind {
        if isTooLarge { return .tooLarge }
        return switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
        case CURLE_COULDNT_CONNECT: .connect
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE:
            .tls
        case CURLE_READ_ERROR, CURLE_ABORTED_BY_CALLBACK: .unreadable
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badRequest
        default: .network
        }
    }
}
