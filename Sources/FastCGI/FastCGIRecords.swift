import FastCGIWire

/// A response cut into records (FastCGI 1.0, section 3.3), framed where it lies: nothing of a body is copied.
///
/// The stream of a response, head and body, is cut into as few records as it takes; its end and that of the request follow.
struct FastCGIRecords {
    /// A stretch of bytes to send.
    enum Piece: Equatable {
        case frame(Range<Int>)
        case head(Range<Int>)
        case body(Range<Int>)

        var range: Range<Int> {
            switch self {
            case .frame(let range), .head(let range), .body(let range): range
            }
        }
    }

    /// The headers of the records, one after the other, with the records at the end.
    let frames: [UInt8]
    /// The order in which all is sent.
    let pieces: [Piece]

    /// - Parameters:
    ///   - head: The size of the head in bytes.
    ///   - body: The size of the body in bytes.
    ///   - request: The number of the request.
    init(head: Int, body: Int, request: UInt16) {
        var frames: [UInt8] = []
        var pieces: [Piece] = []
        let total = head + body
        for start in stride(from: 0, to: total, by: FastCGIFrame.longest) {
            let end = min(start + FastCGIFrame.longest, total)
            pieces.append(.frame(frames.count..<frames.count + 8))
            frames += FastCGIFrame.head(.output, of: request, length: end - start)
            if start < head { pieces.append(.head(start..<min(end, head))) }
            if end > head { pieces.append(.body(max(start, head) - head..<end - head)) }
        }
        let tail = frames.count
        frames += FastCGIFrame.end(of: request)
        pieces.append(.frame(tail..<frames.count))
        self.frames = frames
        self.pieces = pieces
    }
}
