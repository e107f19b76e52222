import SeededNumbers
import Testing

@testable import FastCGIWire

@Suite struct FastCGIRequestReaderTests {
    private static func record(_ kind: UInt8, _ content: [UInt8], request: UInt16 = 1, padding: Int = 0) -> [UInt8] {
        let count = content.count
        let head = [
            1, kind, UInt8(request >> 8), UInt8(request & 255), UInt8(count >> 8), UInt8(count & 255), UInt8(padding),
            0,
        ]
        return head + content + [UInt8](repeating: 0xEE, count: padding)
    }

    private static func pair(_ name: String, _ value: String) -> [UInt8] {
        func length(_ count: Int) -> [UInt8] {
            count < 128
                ? [UInt8(count)]
                : [UInt8(count >> 24) | 0x80, UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        }
        return length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
    }

    private static let begin = record(1, [0, 1, 0, 0, 0, 0, 0, 0])
    private static let long = String(repeating: "x", count: 300)
    private static let pairs = pair("REQUEST_METHOD", "GET") + pair("LONG", long) + pair("EMPTY", "")
    private static let request =
        begin + record(4, pairs, padding: 7) + record(4, []) + record(5, Array("body".utf8)) + record(5, [])

    /// Reads bytes in steps; returns the reader, and the kind of the error if there was one.
    private static func read(_ bytes: [UInt8], step: Int = .max) -> (FastCGIRequestReader, FastCGIWireError.Kind?) {
        var reader = FastCGIRequestReader()
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(FastCGIWireError) {
                try Array(rest.prefix(step)).withUnsafeBufferPointer { bytes throws(FastCGIWireError) in
                    try reader.take(UnsafeRawBufferPointer(bytes))
                }
            } catch {
                return (reader, error.kind)
            }
            rest = rest.dropFirst(step)
        }
        return (reader, nil)
    }

    @Test(arguments: [1, 2, 7, 8, 9, 100, .max]) func `a request is read, however its bytes come`(_ step: Int) {
        let (reader, error) = Self.read(Self.request, step: step)
        #expect(error == nil && reader.isComplete && !reader.isAborted)
        #expect(reader.text("REQUEST_METHOD") == "GET")
        #expect(reader.text("LONG") == Self.long)
        #expect(reader.text("EMPTY") == "")
        #expect(reader.text("MISSING") == nil)
    }

    @Test func `nothing is known of a request before its parameters have ended`() {
        let (reader, error) = Self.read(Self.begin + Self.record(4, Self.pairs))
        #expect(error == nil && reader.parameters == nil && !reader.isComplete)
    }

    @Test func `a web server that loses interest is heard`() {
        let (reader, error) = Self.read(Self.request + Self.record(2, []))
        #expect(error == nil && reader.isAborted)
    }

    @Test func `what is no request has an error of its kind`() {
        let cases: [([UInt8], FastCGIWireError.Kind)] = [
            (Array("GET / HTTP/1.1\r\n\r\n".utf8), .malformed),
            (Self.record(4, Self.pairs), .malformed),
            (Self.begin + Self.begin, .malformed),
            (Self.record(1, [0, 1, 0]), .malformed),
            (Self.record(1, [0, 2, 0, 0, 0, 0, 0, 0]), .unsupported),
            (Self.record(1, [0, 1, 0, 0, 0, 0, 0, 0], request: 2), .unsupported),
            (Self.record(9, [], request: 0), .unsupported),
            (Self.begin + Self.record(8, [1]), .unsupported),
            (Self.request + Self.record(5, [1]), .malformed),
            (Self.begin + Self.record(4, [5, 5, 1]) + Self.record(4, []), .malformed),
            (Self.begin + Self.record(4, [0x80, 0, 0]) + Self.record(4, []), .malformed),
            (Self.begin + Self.record(4, [UInt8](repeating: 0xFF, count: 8)) + Self.record(4, []), .malformed),
            (Self.begin + Self.record(4, [1, 0, 0xFF]) + Self.record(4, []), .malformed),
        ]
        for (bytes, kind) in cases { #expect(Self.read(bytes).1 == kind, "\(bytes.prefix(24))") }
    }

    @Test func `a request has bounds in every direction`() {
        let large = Self.record(4, [UInt8](repeating: 1, count: 65_000))
        #expect(Self.read(Self.begin + large + large).1 == .tooLarge)
        let many = Self.record(4, Array((0..<600).flatMap { Self.pair("N\($0)", "") }))
        #expect(Self.read(Self.begin + many + Self.record(4, [])).1 == .tooLarge)
        let body = Self.begin + Self.record(4, Self.pairs) + Self.record(4, [])
        let zeros = [UInt8](repeating: 0, count: 65_535)
        #expect(Self.read(body + Self.record(5, zeros) + Self.record(5, [0, 0])).1 == .tooLarge)
        let tiny = Array((0..<5000).flatMap { _ in Self.record(5, [0]) })
        #expect(Self.read(body + tiny).1 == .tooLarge)
    }

    @Test func `changed bytes never bring the reader down, and steps make no difference`() {
        for seed in 0..<2000 {
            var random = SeededGenerator(seed: UInt64(seed))
            var bytes = Self.request
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let byte = UInt8.random(in: 0...255, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = byte
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(byte, at: place)
                default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 0...40, using: &random)))
                }
            }
            let whole = Self.read(bytes)
            let parts = Self.read(bytes, step: Int.random(in: 1...50, using: &random))
            #expect(whole.1 == parts.1 && whole.0.parameters == parts.0.parameters, "seed \(seed)")
            #expect(whole.0.isComplete == parts.0.isComplete && whole.0.isAborted == parts.0.isAborted, "seed \(seed)")
        }
    }

    @Test func `a response is cut into records that a web server can put together again`() {
        let bytes = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var framed: [UInt8] = []
        bytes.withUnsafeBytes { FastCGIFrame.append($0, to: &framed) }
        FastCGIFrame.appendEnd(to: &framed)
        var (found, kinds, position): ([UInt8], [UInt8], Int) = ([], [], 0)
        while position < framed.count {
            #expect(framed[position] == 1 && framed[position + 3] == 1 && framed[position + 6] == 0)
            let length = Int(framed[position + 4]) << 8 | Int(framed[position + 5])
            kinds.append(framed[position + 1])
            if framed[position + 1] == 6 { found += framed[position + 8..<position + 8 + length] }
            position += 8 + length
        }
        #expect(position == framed.count && found == bytes && kinds == [6, 6, 6, 6, 3])
    }
}
