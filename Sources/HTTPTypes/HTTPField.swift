/// A header field whose value cannot end its line.
public struct HTTPField: Hashable, Sendable {
    /// The field's name.
    public let name: HTTPFieldName
    /// The value, free of control characters.
    public let value: String

    /// Creates a field; control characters in the value become spaces, so it stays one field (RFC 9110, section 5.5).
    public init(_ name: HTTPFieldName, _ value: String) {
        self.name = name
        if value.utf8.contains(where: \.isControl) {
            self.value = String(decoding: value.utf8.map { $0.isControl ? 0x20 : $0 }, as: UTF8.self)
        } else {
            self.value = value
        }
    }
}

extension UInt8 {
    fileprivate var isControl: Bool { self < 0x20 || self == 0x7F }
}
