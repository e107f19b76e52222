import CLibPQ

/// One row of an answer, valid only inside the closure that it is lent to.
///
/// Columns are read in turn with ``next(_:)`` or by position. A column of another type than it is read as is an error of
/// kind `decoding`, as is NULL where the type is not optional.
public struct PostgresRow: ~Copyable {
    private let result: OpaquePointer  // PGresult, owned by the PQResult that lends this row
    private let index: Int32
    @usableFromInline var column: Int32 = 0

    /// The number of columns.
    public let columnCount: Int32

    init(result: OpaquePointer, index: Int32, columnCount: Int32) {
        self.result = result
        self.index = index
        self.columnCount = columnCount
    }

    /// Reads the next column.
    @inlinable
    public mutating func next<Value: SQLValue>(_ type: Value.Type = Value.self) throws(PostgresError) -> Value {
        defer { column += 1 }
        return try value(at: column)
    }

    /// Passes over the next columns.
    public mutating func skip(_ count: Int32 = 1) {
        column += count
    }

    /// Reads the column at a position, counted from 0.
    @inlinable
    public func value<Value: SQLValue>(
        at column: Int32,
        as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        let value: Value? =
            if let bytes = try bytes(at: column) {
                Value.decode(bytes, type: self.type(of: column))
            } else {
                Value.null
            }
        guard let value else { throw unreadable(column, as: "\(Value.self)") }
        return value
    }

    @usableFromInline
    func unreadable(_ column: Int32, as type: String) -> PostgresError {
        PostgresError(.decoding, "column \(column) is not \(type)")
    }

    @usableFromInline
    func type(of column: Int32) -> SQLType {
        SQLType(PQftype(result, column))
    }

    /// Reads all columns as a tuple.
    public func decode<each Value: SQLValue>(
        _ type: (repeat each Value).Type = (repeat each Value).self
    ) throws(PostgresError) -> (repeat each Value) {
        var column: Int32 = 0
        return (repeat try value(at: advance(&column), as: (each Value).self))
    }

    /// Returns true if a column is NULL.
    public func isNull(at column: Int32) -> Bool {
        PQgetisnull(result, index, column) == 1
    }

    /// Appends the UTF-8 of a text column without creating a `String`; returns false if the column is NULL.
    @discardableResult
    public func appendText(at column: Int32, to buffer: inout [UInt8]) throws(PostgresError) -> Bool {
        try withText(at: column) { (text: UnsafeRawBufferPointer?) in
            guard let text else { return false }
            buffer.append(contentsOf: text)
            return true
        }
    }

    /// Lends the UTF-8 of a text column, nil for NULL; the bytes are valid inside the closure only.
    public func withText<R>(
        at column: Int32,
        _ body: (UnsafeRawBufferPointer?) -> R
    ) throws(PostgresError) -> R {
        guard let bytes = try bytes(at: column) else { return body(nil) }
        guard let text = SQLType.textBytes(bytes, type: SQLType(PQftype(result, column))) else {
            throw PostgresError(.decoding, "column \(column) is not text")
        }
        return body(text)
    }

    /// Lends each element of a `text[]` column in turn; NULL counts as empty.
    public func forEachText(at column: Int32, _ body: (UnsafeRawBufferPointer) -> Void) throws(PostgresError) {
        guard let bytes = try bytes(at: column) else { return }
        guard SQLTextArray.forEach(bytes, body) else {
            throw PostgresError(.decoding, "column \(column) is not text[]")
        }
    }

    /// The bytes of a column, nil for NULL.
    ///
    /// PQgetvalue's memory lives as long as the PGresult.
    @usableFromInline
    func bytes(at column: Int32) throws(PostgresError) -> UnsafeRawBufferPointer? {
        guard column >= 0, column < columnCount else {
            throw PostgresError(.decoding, "there is no column \(column)")
        }
        guard PQgetisnull(result, index, column) == 0 else { return nil }
        let count = Int(PQgetlength(result, index, column))
        return UnsafeRawBufferPointer(start: PQgetvalue(result, index, column), count: count)
    }
}

/// Returns the number and increments it; a pack expansion has no other way to number its elements.
private func advance(_ column: inout Int32) -> Int32 {
    defer { column += 1 }
    return column
}
