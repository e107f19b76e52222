import Encodings

/// A reader of the parts of a binary array, each checked against the end.
struct SQLArrayReader {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes
    }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= rest.count else { return nil }
        let slice = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        return slice
    }

    mutating func int32() -> Int32? {
        take(4)?.bigEndian(Int32.self)
    }
}

/// A `text[]` read without creating strings.
enum SQLTextArray {
    static func forEach(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        var reader = SQLArrayReader(bytes)
        guard let dimensions = reader.int32(), reader.int32() != nil, let element = reader.int32() else { return false }
        guard dimensions != 0 else { return true }
        guard dimensions == 1, SQLType(UInt32(bitPattern: element)) == .text else { return false }
        guard let count = reader.int32(), count >= 0, reader.int32() != nil else { return false }
        for _ in 0..<count {
            guard let length = reader.int32() else { return false }
            guard length >= 0 else { continue }
            guard let slice = reader.take(Int(length)) else { return false }
            body(slice)
        }
        return true
    }
}
