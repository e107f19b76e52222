/// The values of one statement in PostgreSQL's binary format, in one buffer.
struct SQLParameters: Sendable {
    struct Entry: Sendable {
        let type: SQLType
        let offset: Int
        /// -1 for NULL.
        let length: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var bytes: [UInt8] = []

    var count: Int { entries.count }

    mutating func reserve(_ count: Int) {
        guard count > 0 else { return }
        entries.reserveCapacity(count)
        bytes.reserveCapacity(32 * count)
    }

    mutating func append<Value: SQLValue>(_ value: Value) {
        let offset = bytes.count
        let isPresent = value.encode(into: &bytes)
        entries.append(Entry(type: Value.sqlType, offset: offset, length: isPresent ? bytes.count - offset : -1))
    }
}

extension SQLParameters {
    /// Lends the values as the four parallel arrays that libpq takes.
    func withPointers<R>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?, _ types: UnsafePointer<UInt32>?
        ) -> R
    ) -> R {
        guard count > 0 else { return body(nil, nil, nil, nil) }
        return bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 3 * count) { numbers in
                    // A pointer to anything tells an empty value from NULL.
                    let somewhere = UnsafeRawPointer(numbers.baseAddress)
                    for (index, entry) in entries.enumerated() {
                        let start = bytes.baseAddress.map { $0 + entry.offset } ?? somewhere
                        values[index] = entry.length < 0 ? nil : start?.assumingMemoryBound(to: CChar.self)
                        numbers[index] = Int32(clamping: max(entry.length, 0))
                        numbers[count + index] = 1
                        numbers[2 * count + index] = Int32(bitPattern: entry.type.rawValue)
                    }
                    guard let lengths = UnsafePointer(numbers.baseAddress) else { return body(nil, nil, nil, nil) }
                    return (lengths + 2 * count).withMemoryRebound(to: UInt32.self, capacity: count) { types in
                        body(UnsafePointer(values.baseAddress), lengths, lengths + count, types)
                    }
                }
            }
        }
    }
}
