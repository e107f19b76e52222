/// Recognises where messages begin and end in a stream of bytes.
enum MessageBounds {
    /// The judgement about a place where a message may begin.
    enum Start {
        case message
        case incomplete
        case other
    }

    /// The extent of a message from its first byte.
    enum Extent {
        case whole(head: Int, body: Int)
        case incomplete
        /// The head has no end within the limit.
        case endlessHead
        /// The length of the body is beyond the limit.
        case longBody
    }

    /// Judges the bytes from `index` on.
    ///
    /// A lenient judgement accepts requests of unknown methods and answers of other protocols; it is not for places
    /// that are a guess.
    static func start(_ bytes: UnsafeRawBufferPointer, at index: Int, isLenient: Bool) -> Start {
        let first = bytes[index]
        if first | 0x20 == UInt8(ascii: "r") || (isLenient && first == UInt8(ascii: "H")) {
            let answer = answer(bytes, at: index, isLenient: isLenient)
            if answer != .other { return answer }
        }
        guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return .other }
        var isIncomplete = false
        for prefix in RTSPMethod.prefixes where prefix[0] == first {
            switch matches(prefix, bytes, at: index) {
            case .message: return .message
            case .incomplete: isIncomplete = true
            case .other: break
            }
        }
        if isIncomplete { return .incomplete }
        return isLenient ? unknownRequest(bytes, at: index) : .other
    }

    /// `RTSP/1.0 ` in any case, or `HTTP/1.1 `.
    private static func answer(_ bytes: UnsafeRawBufferPointer, at index: Int, isLenient: Bool) -> Start {
        let pattern: StaticString = bytes[index] == UInt8(ascii: "H") ? "http/" : "rtsp/"
        for offset in 0..<9 {
            guard index + offset < bytes.count else { return .incomplete }
            let byte = bytes[index + offset]
            let isRight =
                switch offset {
                case 0..<5: byte | 0x20 == pattern.utf8Start[offset] | 0x20
                case 6: byte == UInt8(ascii: ".")
                case 8: byte == 0x20 || byte == 0x09
                default: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                }
            guard isRight else { return .other }
        }
        return .message
    }

    private static func matches(_ prefix: [UInt8], _ bytes: UnsafeRawBufferPointer, at index: Int) -> Start {
        for (offset, byte) in prefix.enumerated() {
            guard index + offset < bytes.count else { return .incomplete }
            guard bytes[index + offset] == byte else { return .other }
        }
        return .message
    }

    /// A line of a word in capitals and, at its end, `RTSP/` with a version.
    private static func unknownRequest(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Start {
        let longest = 512
        var isWord = true
        for position in index..<min(bytes.count, index + longest) {
            let byte = bytes[position]
            if byte == 0x0A {
                return lineNamesRTSP(UnsafeRawBufferPointer(rebasing: bytes[index..<position])) ? .message : .other
            }
            if isWord, byte == 0x20 {
                guard position - index >= 3 else { return .other }
                isWord = false
            }
            let isLetter = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
            guard !isWord || (isLetter && position - index < 20) else { return .other }
            guard byte >= 0x20 || byte == 0x0D, byte < 0x7F else { return .other }
        }
        return bytes.count - index < longest ? .incomplete : .other
    }

    private static func lineNamesRTSP(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let slash = line.lastIndex(of: UInt8(ascii: "/")), slash >= 5 else { return false }
        return line[(slash - 5)..<slash].map { $0 | 0x20 } == Array(" rtsp".utf8)
    }

    /// Measures the message that begins at `index`.
    ///
    /// `frame` judges whether an interleaved frame begins at an index: a head that was cut ends there.
    static func extent(
        _ bytes: UnsafeRawBufferPointer,
        at index: Int,
        frame: (Int) -> FrameJudgement
    ) -> Extent {
        var line = index
        var length = 0
        let limit = min(bytes.count, index + RTSPLimits.headBytes)
        while line < limit {
            if bytes[line] == UInt8(ascii: "$") {
                switch frame(line) {
                case .frame: return .whole(head: line - index, body: 0)
                case .incomplete: return .incomplete
                case .other: break
                }
            }
            guard let end = bytes[line..<limit].firstIndex(of: 0x0A) else { break }
            let text = UnsafeRawBufferPointer(rebasing: bytes[line..<end])
            // Only blanks are no end: Luma cameras have such a line in the middle of a head.
            if text.allSatisfy({ $0 == 0x0D }) {
                let head = end + 1 - index
                return bytes.count - index - head < length ? .incomplete : .whole(head: head, body: length)
            }
            if let announced = contentLength(text) {
                guard announced <= RTSPLimits.bodyBytes else { return .longBody }
                length = announced
            }
            line = end + 1
        }
        return bytes.count - index >= RTSPLimits.headBytes ? .endlessHead : .incomplete
    }

    /// The number of a `Content-Length` line; 0 for a number that cannot be read, nil for another line.
    private static func contentLength(_ line: UnsafeRawBufferPointer) -> Int? {
        let name = Array("content-length".utf8)
        guard line.count > name.count, line.first.map({ $0 | 0x20 == UInt8(ascii: "c") }) == true,
            zip(line, name).allSatisfy({ $0 | 0x20 == $1 })
        else { return nil }
        let rest = line[name.count...].drop { $0 == 0x20 || $0 == 0x09 }
        guard rest.first == UInt8(ascii: ":") else { return nil }
        var value = 0
        for byte in rest.dropFirst().drop(while: { $0 == 0x20 || $0 == 0x09 }) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
            value = min(value * 10 + Int(byte - UInt8(ascii: "0")), RTSPLimits.bodyBytes + 1)
        }
        return value
    }
}
