/// The server's side of a response in records (FastCGI 1.0, section 3.3), for answers that have no end yet.
///
/// Web servers number the only request of a connection 1, so that what is framed once can be sent to many of them.
public enum FastCGIFrame {
    /// The number of the request that every web server uses where it does not share connections.
    public static let request: UInt16 = 1
    /// The content of a record, at most; a multiple of eight, so that none needs padding.
    public static let longest = 65_528

    /// The types of records that a server sends.
    public enum Kind: UInt8, Sendable {
        /// The end of the request.
        case endRequest = 3
        /// Bytes of the response.
        case output = 6
    }

    /// The head of a record.
    public static func head(_ kind: Kind, of request: UInt16 = request, length: Int) -> [UInt8] {
        [
            1, kind.rawValue, UInt8(request >> 8), UInt8(truncatingIfNeeded: request), UInt8(length >> 8 & 0xFF),
            UInt8(length & 0xFF), 0, 0,
        ]
    }

    /// Appends bytes of the response, in as few records as they take.
    public static func append(_ bytes: UnsafeRawBufferPointer, to frames: inout [UInt8]) {
        frames.reserveCapacity(frames.count + bytes.count + 8 * (bytes.count / longest + 1))
        for start in stride(from: 0, to: bytes.count, by: longest) {
            let end = min(start + longest, bytes.count)
            frames += head(.output, length: end - start)
            frames += bytes[start..<end]
        }
    }

    /// Appends the end of the response and of the request.
    public static func appendEnd(to frames: inout [UInt8]) {
        frames += end(of: request)
    }

    /// The end of a response and of its request: the application's status is 0, and the request is complete (section 5.5).
    public static func end(of request: UInt16) -> [UInt8] {
        head(.output, of: request, length: 0) + head(.endRequest, of: request, length: 8)
            + [UInt8](repeating: 0, count: 8)
    }
}
