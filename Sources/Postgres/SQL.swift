/// One statement with its values.
///
/// A statement is written as a string literal. An interpolated value becomes a parameter and never part of the text, so no
/// value can change the meaning of the statement:
///
///     let statement: SQL = "select name from cameras where id = \(id)"   // text: … where id = $1
///
/// Text of the program itself, such as a list of columns, is inserted with `\(unsafe: columns)`. Connections prepare
/// statements and remember them by their text, so the texts should come from a small set.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text with `$1`, `$2`… in place of the values.
    public let text: String
    let parameters: SQLParameters

    /// Creates a statement without values.
    public init(stringLiteral text: String) {
        self.text = text
        parameters = SQLParameters()
    }

    /// Creates a statement from a literal with values.
    public init(stringInterpolation interpolation: StringInterpolation) {
        text = interpolation.text
        parameters = interpolation.parameters
    }

    /// Returns the same statement, to be explained instead of answered: its rows are the lines of the server's plan.
    ///
    /// - Parameter options: As in `explain (analyze, timing off)`; empty for the plan alone.
    /// - Returns: The statement with the same values.
    public func explaining(_ options: String = "") -> SQL {
        SQL(text: "explain \(options.isEmpty ? "" : "(\(options)) ")\(text)", parameters: parameters)
    }

    private init(text: String, parameters: SQLParameters) {
        self.text = text
        self.parameters = parameters
    }

    /// The text and the values collected from a literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var parameters = SQLParameters()

        /// Reserves memory for a literal of about that size.
        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 3 * interpolationCount)
            parameters.reserve(interpolationCount)
        }

        /// Appends a piece of the literal.
        public mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        /// Appends a value as the next parameter.
        public mutating func appendInterpolation<Value: SQLValue>(_ value: Value) {
            parameters.append(value)
            text += "$\(parameters.count)"
        }

        /// Appends a value that may be missing: nil becomes NULL.
        public mutating func appendInterpolation<Value: SQLValue>(_ value: Value?) {
            parameters.append(value)
            text += "$\(parameters.count)"
        }

        /// Appends text as it is; never for anything that came from outside.
        public mutating func appendInterpolation(unsafe text: String) {
            self.text += text
        }
    }
}
