/// One statement with its values.
///
/// A statement is written as a string literal; what is interpolated becomes a parameter and never part of the text, so
/// that no value can change what the statement does:
///
///     let statement: SQL = "select name from cameras where id = \(id)"   // text: … where id = $1
///
/// Text of one's own (a list of columns, for example) goes in with `\(unsafe: columns)`. Statements are prepared by the
/// connection and remembered by their text, so the text should come from a small set.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text with `$1`, `$2`… in place of the values.
    public let text: String
    let parameters: Parameters

    /// A statement without values.
    public init(stringLiteral text: String) {
        self.text = text
        parameters = Parameters()
    }

    /// A statement made of a literal with values.
    public init(stringInterpolation interpolation: StringInterpolation) {
        text = interpolation.text
        parameters = interpolation.parameters
    }

    /// Collects the text and the values.
    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var parameters = Parameters()

        /// Prepares for a literal of about that size.
        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 3 * interpolationCount)
            parameters.reserve(interpolationCount)
        }

        /// Takes a piece of the literal.
        public mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        /// Takes a value: it becomes the next parameter.
        public mutating func appendInterpolation<Value: SQLValue>(_ value: Value) {
            parameters.append(value)
            text += "$\(parameters.count)"
        }

        /// Takes a value that may be missing: nil becomes NULL.
        public mutating func appendInterpolation<Value: SQLValue>(_ value: Value?) {
            parameters.append(value)
            text += "$\(parameters.count)"
        }

        /// Takes text as it is; never for anything that came from outside.
        public mutating func appendInterpolation(unsafe text: String) {
            self.text += text
        }
    }
}

/// The values of one statement in PostgreSQL's binary format, in one buffer.
struct Parameters: Sendable {
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
