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

    /// The content of a record, at most; a multiple of eight, so that none needs padding, of the 65,535 that there can be.
    static let longest = 65_528

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
        for start in stride(from: 0, to: total, by: Self.longest) {
            let end = min(start + Self.longest, total)
            pieces.append(.frame(frames.count..<frames.count + 8))
            frames += Self.header(.stdout, request, length: end - start)
            if start < head { pieces.append(.head(start..<min(end, head))) }
            if end > head { pieces.append(.body(max(start, head) - head..<end - head)) }
        }
        let tail = frames.count
        frames += Self.header(.stdout, request, length: 0)
        // The application's status is 0, and the request is complete (section 5.5).
        frames += Self.header(.endRequest, request, length: 8) + [UInt8](repeating: 0, count: 8)
        pieces.append(.frame(tail..<frames.count))
        self.frames = frames
        self.pieces = pieces
    }

    /// The header of a record with a stretch of the response.
    static func header(ofContent length: Int, request: UInt16) -> [UInt8] {
        header(.stdout, request, length: length)
    }

    private enum Kind: UInt8 {
        case endRequest = 3
        case stdout = 6
    }

    private static func header(_ kind: Kind, _ request: UInt16, length: Int) -> [UInt8] {
        [
            1, kind.rawValue, UInt8(request >> 8), UInt8(truncatingIfNeeded: request), UInt8(length >> 8 & 0xFF),
            UInt8(length & 0xFF), 0, 0,
        ]
    }
}
