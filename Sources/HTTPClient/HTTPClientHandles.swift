import CLibCurl
import Glibc

/// An easy handle (libcurl-easy(3)) with the memory that its options point to.
struct CurlEasy: ~Copyable {
    private let raw: OpaquePointer  // CURL
    private let words: UnsafeMutablePointer<CChar>
    private var headers: UnsafeMutablePointer<curl_slist>?

    init(takingOwnershipOf raw: OpaquePointer) {
        self.raw = raw
        words = .allocate(capacity: Int(CURL_ERROR_SIZE))
        words.pointee = 0
        observer_curl_set_pointer(raw, CURLOPT_ERRORBUFFER, words)
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(headers)
        words.deallocate()
    }

    /// The pointer by which the multi handle names this handle.
    var key: UnsafeRawPointer { UnsafeRawPointer(raw) }

    /// The text of the last error; empty if there is none.
    var errorText: String { String(cString: words) }

    // Setting an option fails only for want of memory, or for one that this libcurl was built without; both show when the
    // transfer runs.

    func set(_ option: CURLoption, _ value: Int) {
        observer_curl_set_long(raw, option, value)
    }

    func setOffset(_ option: CURLoption, _ value: Int64) {
        observer_curl_set_offset(raw, option, curl_off_t(value))
    }

    func set(_ option: CURLoption, _ value: String) {
        observer_curl_set_string(raw, option, value)
    }

    func set(_ option: CURLoption, _ value: Duration) {
        let (seconds, attoseconds) = value.components
        set(option, Int(clamping: max(1, min(seconds, 1 << 40) * 1000 + attoseconds / 1_000_000_000_000_000)))
    }

    /// Sets the function that is called with each piece of the body, and the pointer that it gets.
    func setBodyReceiver(_ receiver: @escaping observer_curl_transferrer, context: UnsafeMutableRawPointer) {
        observer_curl_set_transferrer(raw, CURLOPT_WRITEFUNCTION, receiver)
        observer_curl_set_pointer(raw, CURLOPT_WRITEDATA, context)
    }

    /// Sets the function that is called with each header line, and the pointer that it gets.
    func setHeaderReceiver(_ receiver: @escaping observer_curl_transferrer, context: UnsafeMutableRawPointer) {
        observer_curl_set_transferrer(raw, CURLOPT_HEADERFUNCTION, receiver)
        observer_curl_set_pointer(raw, CURLOPT_HEADERDATA, context)
    }

    /// Sets the bytes to send; libcurl copies them.
    func setContent(_ bytes: [UInt8]) {
        setOffset(CURLOPT_POSTFIELDSIZE_LARGE, Int64(bytes.count))
        bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                _ = observer_curl_set_string(raw, CURLOPT_COPYPOSTFIELDS, text.baseAddress)
            }
        }
    }

    /// Sets the functions that deliver a body of `length` bytes and go back in it, and the pointer that they get.
    func setContentSource(
        _ reader: @escaping observer_curl_transferrer,
        seeker: @escaping observer_curl_seeker,
        length: Int64,
        context: UnsafeMutableRawPointer
    ) {
        observer_curl_set_transferrer(raw, CURLOPT_READFUNCTION, reader)
        observer_curl_set_pointer(raw, CURLOPT_READDATA, context)
        observer_curl_set_seeker(raw, CURLOPT_SEEKFUNCTION, seeker)
        observer_curl_set_pointer(raw, CURLOPT_SEEKDATA, context)
        setOffset(CURLOPT_INFILESIZE_LARGE, length)
        set(CURLOPT_UPLOAD, 1)
        set(CURLOPT_UPLOAD_BUFFERSIZE, 512 * 1024)
    }

    /// Keeps little in the system's buffer that is not on the line yet (tcp(7), TCP_NOTSENT_LOWAT).
    ///
    /// Bytes that libcurl has sent are then bytes that move, on a slow line too, and a pace that is set is kept.
    func setUnsentLimit() {
        let setter: observer_curl_socket_setter = { _, socket, _ in
            var limit: Int32 = 128 * 1024
            // A system that does not know the option works without it.
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &limit, socklen_t(MemoryLayout<Int32>.size))
            return Int32(CURL_SOCKOPT_OK)
        }
        observer_curl_set_socket_setter(raw, setter)
    }

    /// Goes on with a body that its reader has paused.
    func resume() { curl_easy_pause(raw, CURLPAUSE_CONT) }

    mutating func setHeaders(_ lines: [String]) {
        for line in lines { headers = curl_slist_append(headers, line) }
        observer_curl_set_list(raw, CURLOPT_HTTPHEADER, headers)
    }

    func get(_ info: CURLINFO) -> Int? {
        var value = 0
        return observer_curl_get_long(raw, info, &value) == CURLE_OK ? value : nil
    }

    func getOffset(_ info: CURLINFO) -> Int64 {
        var value: curl_off_t = 0
        return observer_curl_get_offset(raw, info, &value) == CURLE_OK ? Int64(value) : 0
    }

    fileprivate func add(to multi: OpaquePointer) { curl_multi_add_handle(multi, raw) }

    fileprivate func remove(from multi: OpaquePointer) { curl_multi_remove_handle(multi, raw) }
}

/// A multi handle (libcurl-multi(3)).
///
/// Safe: only the client's thread uses it, but for `curl_multi_wakeup`, which any thread may call (its manual page).
struct CurlMulti: ~Copyable, @unchecked Sendable {
    private let raw: OpaquePointer  // CURLM

    init(takingOwnershipOf raw: OpaquePointer) {
        self.raw = raw
    }

    deinit { curl_multi_cleanup(raw) }

    /// Limits the connections that are kept for the next request.
    func setConnectionLimit(_ count: Int) {
        observer_curl_multi_set_long(raw, CURLMOPT_MAXCONNECTS, count)
    }

    /// Ends a ``poll()``, from any thread.
    func wakeUp() { curl_multi_wakeup(raw) }

    func add(_ easy: borrowing CurlEasy) { easy.add(to: raw) }

    func remove(_ easy: borrowing CurlEasy) { easy.remove(from: raw) }

    func perform() {
        var running: Int32 = 0
        curl_multi_perform(raw, &running)
    }

    /// Waits until there is something to do.
    func poll(milliseconds: Int32) {
        var ready: Int32 = 0
        curl_multi_poll(raw, nil, 0, milliseconds, &ready)
    }

    /// The next finished transfer: the key of its handle and libcurl's code.
    func nextFinished() -> (key: UnsafeRawPointer, code: CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(raw, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            return (UnsafeRawPointer(easy), message.pointee.data.result)
        }
        return nil
    }
}
