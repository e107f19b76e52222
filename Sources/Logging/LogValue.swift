import Errors

/// The value of a field in a log line.
public enum LogValue: Sendable, Hashable, CustomStringConvertible {
    /// Text; control characters are escaped when it is written.
    case string(String)
    /// A whole number.
    case int(Int)
    /// A number with a fraction.
    case double(Double)
    /// A truth value.
    case bool(Bool)

    /// The value as text, unescaped.
    public var description: String {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .bool(let truth): truth ? "true" : "false"
        }
    }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    /// Creates a text value from a literal or an interpolation.
    public init(stringLiteral value: String) {
        self = .string(value)
    }

    /// Creates a whole number from a literal.
    public init(integerLiteral value: Int) {
        self = .int(value)
    }

    /// Creates a number from a literal.
    public init(floatLiteral value: Double) {
        self = .double(value)
    }

    /// Creates a truth value from a literal.
    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    /// Describes an error, with what a person can do about it.
    public init(_ error: any Error) {
        self = .string((error as? any DescribedError)?.advice ?? "\(error)")
    }
}
