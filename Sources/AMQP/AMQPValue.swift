/// A value in a header or arguments table.
///
/// Nested tables, arrays and timestamps are not read.
public enum AMQPValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    /// UTF-8 text.
    case string(String)
    /// An integer of any width.
    case int(Int64)
    /// A Boolean.
    case bool(Bool)

    /// Creates a text value.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Creates an integer value.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// Creates a Boolean value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
