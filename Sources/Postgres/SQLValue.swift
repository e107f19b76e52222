/// A type that can be a parameter and be read from a column, in PostgreSQL's binary format.
public protocol SQLValue {
    /// The type a parameter is declared with.
    static var sqlType: SQLType { get }

    /// Appends the value; false means NULL, and nothing is appended.
    func encode(into bytes: inout [UInt8]) -> Bool

    /// Reads a value, or returns nil when type or length are not what this type reads.
    static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Self?

    /// What NULL is read as; nil for types that have no such value.
    static var null: Self? { get }
}

extension SQLValue {
    /// Most types have no value for NULL.
    public static var null: Self? { nil }
}

/// A type of PostgreSQL, by its number in the catalogue (`pg_type.oid`, fixed for the built-in types).
public struct SQLType: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: UInt32

    /// Makes a type from its number.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

extension SQLType {
    /// `boolean`.
    public static let bool = SQLType(16)
    /// `bytea`.
    public static let bytea = SQLType(17)
    /// `name`, the type of identifiers in the catalogue.
    public static let name = SQLType(19)
    /// `bigint`.
    public static let int8 = SQLType(20)
    /// `smallint`.
    public static let int2 = SQLType(21)
    /// `integer`.
    public static let int4 = SQLType(23)
    /// `text`.
    public static let text = SQLType(25)
    /// `json`.
    public static let json = SQLType(114)
    /// `real`.
    public static let float4 = SQLType(700)
    /// `double precision`.
    public static let float8 = SQLType(701)
    /// The type of a literal that nothing gave a type.
    public static let unknown = SQLType(705)
    /// `character varying`.
    public static let varchar = SQLType(1043)
    /// `timestamp with time zone`.
    public static let timestamptz = SQLType(1184)
    /// `uuid`.
    public static let uuid = SQLType(2950)
    /// `jsonb`.
    public static let jsonb = SQLType(3802)

    /// The array type of an element type; nil for those that this library does not send.
    var array: SQLType? {
        switch self {
        case .bool: SQLType(1000)
        case .bytea: SQLType(1001)
        case .int2: SQLType(1005)
        case .int4: SQLType(1007)
        case .text: SQLType(1009)
        case .int8: SQLType(1016)
        case .float8: SQLType(1022)
        case .timestamptz: SQLType(1185)
        case .uuid: SQLType(2951)
        case .jsonb: SQLType(3807)
        default: nil
        }
    }
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

    /// NULL is nil.
    public static var null: Wrapped?? { .some(nil) }
}

/// Types with a raw value that is an SQL value, such as enumerations of words, need only declare the conformance.
extension SQLValue where Self: RawRepresentable, RawValue: SQLValue {
    /// The type of the raw value.
    public static var sqlType: SQLType { RawValue.sqlType }

    /// Appends the raw value.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        rawValue.encode(into: &bytes)
    }

    /// Reads the raw value; one that the type does not know is refused.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Self? {
        RawValue.decode(bytes, type: type).flatMap(Self.init(rawValue:))
    }
}
