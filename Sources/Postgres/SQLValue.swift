/// A type that can be a parameter and be read from a column, in PostgreSQL's binary format.
public protocol SQLValue {
    /// The type that a parameter is declared with.
    static var sqlType: SQLType { get }

    /// Appends the value; returns false for NULL, for which nothing is appended.
    func encode(into bytes: inout [UInt8]) -> Bool

    /// Reads a value; nil if this type cannot be read from that type or length.
    static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Self?

    /// The value that NULL is read as; nil for types that have none.
    static var null: Self? { get }
}

extension SQLValue {
    /// No value for NULL.
    public static var null: Self? { nil }
}

extension Optional: SQLValue where Wrapped: SQLValue {
    /// The type of the value.
    public static var sqlType: SQLType { Wrapped.sqlType }

    /// Appends the value, if there is one.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        guard let self else { return false }
        return self.encode(into: &bytes)
    }

    /// Reads the value.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Wrapped?? {
        guard let value = Wrapped.decode(bytes, type: type) else { return nil }
        return .some(value)
    }

    /// The value of NULL: nil.
    public static var null: Wrapped?? { .some(nil) }
}

/// Values of types with a raw value, such as enumerations of words, which need only declare the conformance.
extension SQLValue where Self: RawRepresentable, RawValue: SQLValue {
    /// The type of the raw value.
    public static var sqlType: SQLType { RawValue.sqlType }

    /// Appends the raw value.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        rawValue.encode(into: &bytes)
    }

    /// Reads the raw value; nil for one that the type does not have.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Self? {
        RawValue.decode(bytes, type: type).flatMap(Self.init(rawValue:))
    }
}
