/// The server's side of a response in records (FastCGI 1.0, section 3.3), for answers that have no end yet.
///
/// Web servers number the only request of a connection 1, so that what is framed once can be sent to many of them.
public enum FastCGIFrame {
    /// The number of the request that every web server uses where it does not share connections.
    public static let request: UInt16 = 1
    /// The content of a record, at most; a multiple of eight, so that none needs padding.
    public static let longest = 65_528

    /// Appends bytes of the response, in as few records as they take.
    public static func append(_ bytes: UnsafeRawBufferPointer, to frames: inout [UInt8]) {
        frames.reserveCapacity(frames.count + bytes.count + 8 * (bytes.count / longest + 1))
        for start in stride(from: 0, to: bytes.count, by: longest) {
            let end = min(start + longest, bytes.count)
            appendHead(kind: 6, length: end - start, to: &frames)
            frames += bytes[start..<end]
        }
    }

    /// Appends the end of the response and of the request: all of it was sent, and the application's status is 0.
    public static func appendEnd(to frames: inout [UInt8]) {
        appendHead(kind: 6, length: 0, to: &frames)
        appendHead(kind: 3, length: 8, to: &frames)
        frames += [UInt8](repeating: 0, count: 8)
    }

    private static func appendHead(kind: UInt8, length: Int, to frames: inout [UInt8]) {
        frames += [
            1, kind, UInt8(request >> 8), UInt8(request & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), 0, 0,
        ]
    }
}
