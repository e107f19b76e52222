/// The name of a field in a log line: dotted and lower case, such as `camera.id`.
public struct LogKey: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
    /// The name as it is written.
    public let rawValue: String

    /// Makes a key from its name.
    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// Makes a key from a literal.
    public init(stringLiteral value: String) {
        rawValue = value
    }

    /// Orders by name, so that lines with the same fields look alike.
    public static func < (left: LogKey, right: LogKey) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The value of a field in a log line.
public enum LogValue: Sendable, Hashable, CustomStringConvertible {
    /// Text; control characters are escaped when it is written.
    case string(String)
    /// A whole number.
    case int(Int)
    /// A number with a fraction.
    case double(Double)
    /// Yes or no.
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
    /// Makes a text value from a literal or an interpolation.
    public init(stringLiteral value: String) {
        self = .string(value)
    }

    /// Makes a whole number from a literal.
    public init(integerLiteral value: Int) {
        self = .int(value)
    }

    /// Makes a number from a literal.
    public init(floatLiteral value: Double) {
        self = .double(value)
    }

    /// Makes a truth value from a literal.
    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    /// Describes an error, as it wants to be seen in a log.
    public init(_ error: any Error) {
        self = .string("\(error)")
    }
}
