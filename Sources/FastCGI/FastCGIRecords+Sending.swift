import Glibc

extension FastCGIRecords {
    /// One call takes no more (`IOV_MAX` of writev(2)); far more than any answer has.
    private static let mostAtOnce = 1024

    /// Sends a response, in one call where the socket takes all of it; false if the web server is gone.
    ///
    /// Each call waits for room in the socket, at most for its `SO_SNDTIMEO`.
    func send(_ response: FastCGIResponse, to descriptor: Int32) -> Bool {
        frames.withUnsafeBytes { frames in
            response.head.withUnsafeBytes { head in
                response.body.withUnsafeBytes { body in
                    var vectors = pieces.map { piece in
                        let bytes =
                            switch piece {
                            case .frame(let range): UnsafeRawBufferPointer(rebasing: frames[range])
                            case .head(let range): UnsafeRawBufferPointer(rebasing: head[range])
                            case .body(let range): UnsafeRawBufferPointer(rebasing: body[range])
                            }
                        let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                        return iovec(iov_base: start, iov_len: bytes.count)
                    }
                    return Self.write(&vectors, to: descriptor)
                }
            }
        }
    }

    static func write(_ vectors: inout [iovec], to descriptor: Int32) -> Bool {
        var next = 0
        while next < vectors.count {
            let count = min(vectors.count - next, mostAtOnce)
            var sent = vectors.withUnsafeBufferPointer { all in
                writev(descriptor, all.baseAddress.map { $0 + next }, Int32(count))
            }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { return false }
            while next < vectors.count, sent >= vectors[next].iov_len {
                sent -= vectors[next].iov_len
                next += 1
            }
            if sent > 0 {
                vectors[next].iov_base = vectors[next].iov_base.map { $0 + sent }
                vectors[next].iov_len -= sent
            }
        }
        return true
    }
}
