/// A type of PostgreSQL, known by its number in the catalogue (`pg_type.oid`, fixed for the built-in types).
public struct SQLType: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: UInt32

    /// Creates a type from its number.
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
    /// The type of a literal without a type.
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

extension SQLType {
    /// Returns the UTF-8 of a text column; nil if the column is not text.
    static func textBytes(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> UnsafeRawBufferPointer? {
        switch type {
        case .text, .varchar, .name, .json, .unknown: bytes
        // jsonb_send() puts a version byte, 1, before the text.
        case .jsonb: bytes.first == 1 ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst()) : nil
        default: nil
        }
    }
}
