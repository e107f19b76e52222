import Encodings

/// Names with texts: a query, or the body of a form (`application/x-www-form-urlencoded`).
public struct FormFields: Sendable {
    /// The greatest number of fields that is read; more are refused.
    public static let countLimit = 200

    /// The fields in their order.
    public private(set) var fields: [(name: String, value: String)] = []

    /// Creates fields by hand.
    public init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields
    }

    /// Reads fields.
    ///
    /// - Parameter bytes: The encoded text, `a=1&b=2`.
    /// - Throws: ``Problem`` 400 for a broken percent-encoding, text that is not UTF-8, and too many fields.
    public init(parsing bytes: some Collection<UInt8>) throws(Problem) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard fields.count < Self.countLimit else { throw Problem(400, "There are too many fields.") }
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.text(halves[0]), let value = halves.count > 1 ? Self.text(halves[1]) : "" else {
                throw Problem(400, "A field is not correctly percent-encoded UTF-8.")
            }
            fields.append((name, value))
        }
    }

    /// The value of the last field of a name.
    public subscript(_ name: String) -> String? {
        fields.last { $0.name == name }?.value
    }

    /// The values of all fields of a name.
    public func all(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// The names, each once, in the order of their first appearance.
    public var names: [String] {
        fields.reduce(into: []) { names, field in
            if !names.contains(field.name) { names.append(field.name) }
        }
    }

    /// The fields in the form of a query.
    public var encoded: String {
        fields.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }.joined(separator: "&")
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String? {
        PercentEncoding.decode(bytes, plusIsSpace: true).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
