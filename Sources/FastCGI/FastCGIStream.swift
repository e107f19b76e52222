import FastCGIWire
import Glibc
import HTTPTypes

/// Sends a response whose body is produced meanwhile, record by record.
struct FastCGIStream {
    /// The time that a reader may take nothing of an answer of many megabytes.
    static let patience = timeval(tv_sec: 60, tv_usec: 0)

    let descriptor: Int32
    let request: UInt16

    /// Sends all of it; false if the reader is gone or the body was cut, after which the connection has to be closed.
    func send(_ response: FastCGIResponse, _ stream: HTTPBodyStream) -> Bool {
        var limit = Self.patience
        guard setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size)) == 0,
            response.head.withUnsafeBytes({ send($0) })
        else { return false }
        var sent: Int64 = 0
        let isWhole = stream.produce { bytes in
            sent += Int64(bytes.count)
            return sent <= stream.length && send(bytes)
        }
        guard isWhole, sent == stream.length else { return false }
        let tail = FastCGIRecords(head: 0, body: 0, request: request)
        return tail.send(FastCGIResponse(head: [], body: []), to: descriptor)
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < bytes.count {
            let end = min(start + FastCGIFrame.longest, bytes.count)
            var header = FastCGIFrame.head(.output, of: request, length: end - start)
            let isSent = header.withUnsafeMutableBytes { header in
                var vectors = [
                    iovec(iov_base: header.baseAddress, iov_len: header.count),
                    iovec(
                        iov_base: bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + start) },
                        iov_len: end - start
                    ),
                ]
                return FastCGIRecords.write(&vectors, to: descriptor)
            }
            guard isSent else { return false }
            start = end
        }
        return true
    }
}
