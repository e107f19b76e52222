/// Writes JSON (RFC 8259) straight into bytes.
///
/// An encoder that goes through keyed containers takes eight times as long for a list of a hundred objects. Commas are
/// set by the writer:
///
///     var json = JSONWriter()
///     json.object { json in
///         json.field("id", 7)
///         json.array("tags") { json in json.value("outdoor") }
///     }
public struct JSONWriter {
    /// The bytes written so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// Creates a writer.
    ///
    /// - Parameter capacity: How many bytes are expected.
    public init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    // MARK: Values in an array, or the whole document

    /// Writes an object.
    public mutating func object<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) {
        separate()
        try nested(between: "{", and: "}", members)
    }

    /// Writes an array.
    public mutating func array<E: Error>(_ elements: (inout JSONWriter) throws(E) -> Void) throws(E) {
        separate()
        try nested(between: "[", and: "]", elements)
    }

    /// Writes text.
    public mutating func value(_ text: String) {
        separate()
        write(text)
    }

    /// Writes text that is lent as UTF-8.
    public mutating func value(utf8: UnsafeRawBufferPointer) {
        separate()
        write(utf8: utf8)
    }

    /// Writes a number.
    public mutating func value(_ number: Int64) {
        separate()
        bytes.appendDecimal(number)
    }

    /// Writes JSON that was made elsewhere.
    public mutating func value(json: [UInt8]) {
        separate()
        bytes += json
    }

    /// Writes any value.
    public mutating func value(_ value: JSONValue) {
        separate()
        write(value)
    }

    // MARK: Members of an object

    /// Writes a member that is an object.
    public mutating func object<E: Error>(
        _ name: StaticString,
        _ members: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        key(name)
        try nested(between: "{", and: "}", members)
    }

    /// Writes a member that is an array.
    public mutating func array<E: Error>(
        _ name: StaticString,
        _ elements: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        key(name)
        try nested(between: "[", and: "]", elements)
    }

    /// Writes a member that is text or null.
    public mutating func field(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { write(text) } else { writeNull() }
    }

    /// Writes a member that is text lent as UTF-8, or null.
    public mutating func field(_ name: StaticString, utf8: UnsafeRawBufferPointer?) {
        key(name)
        if let utf8 { write(utf8: utf8) } else { writeNull() }
    }

    /// Writes a member that is a number or null.
    public mutating func field(_ name: StaticString, _ number: Int64?) {
        key(name)
        if let number { bytes.appendDecimal(number) } else { writeNull() }
    }

    /// Writes a member that is a number.
    public mutating func field(_ name: StaticString, _ number: Int) {
        key(name)
        bytes.appendDecimal(Int64(number))
    }

    /// Writes a member that is a number.
    public mutating func field(_ name: StaticString, _ number: Int32) {
        key(name)
        bytes.appendDecimal(Int64(number))
    }

    /// Writes a member that is a number or null; what JSON can't hold (NaN, infinity) is null.
    public mutating func field(_ name: StaticString, _ number: Double?) {
        key(name)
        if let number { write(number) } else { writeNull() }
    }

    /// Writes a member that is true, false or null.
    public mutating func field(_ name: StaticString, _ value: Bool?) {
        key(name)
        guard let value else { return writeNull() }
        bytes += value ? "true".utf8 : "false".utf8
    }

    /// Writes a member that is null.
    public mutating func null(_ name: StaticString) {
        key(name)
        writeNull()
    }

    /// Writes a member whose value was made elsewhere.
    public mutating func field(_ name: StaticString, json: [UInt8]) {
        key(name)
        bytes += json
    }

    /// Writes a member that is text made of ASCII characters that need no escaping, appended by a closure.
    public mutating func field(_ name: StaticString, plain: (inout [UInt8]) -> Void) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        plain(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a member whose name is known at run time only.
    public mutating func field(named name: String, _ text: String) {
        separate()
        write(name)
        bytes.append(UInt8(ascii: ":"))
        write(text)
    }

    /// Writes a member that is an object and whose name is known at run time only.
    public mutating func object<E: Error>(
        named name: String,
        _ members: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        separate()
        write(name)
        bytes.append(UInt8(ascii: ":"))
        try nested(between: "{", and: "}", members)
    }

    /// Writes a member whose name is known at run time only.
    public mutating func field(named name: String, _ value: JSONValue) {
        separate()
        write(name)
        bytes.append(UInt8(ascii: ":"))
        write(value)
    }

    // MARK: Bytes

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Names in the program need no escaping.
    private mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func nested<E: Error>(
        between open: Unicode.Scalar,
        and close: Unicode.Scalar,
        _ content: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        bytes.append(UInt8(ascii: open))
        needsComma = false
        try content(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func writeNull() {
        bytes += "null".utf8
    }

    private mutating func write(_ number: Double) {
        guard number.isFinite else { return writeNull() }
        bytes += number.description.utf8
    }

    private mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(utf8: UnsafeRawBufferPointer($0)) }
    }

    private mutating func write(utf8: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(jsonEscaping: utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ value: JSONValue) {
        switch value {
        case .null: writeNull()
        case .bool(let value): bytes += value ? "true".utf8 : "false".utf8
        case .int(let number): bytes.appendDecimal(number)
        case .double(let number): write(number)
        case .string(let text): write(text)
        case .array(let elements):
            nested(between: "[", and: "]") { json in
                for element in elements { json.value(element) }
            }
        case .object(let members):
            nested(between: "{", and: "}") { json in
                for (name, member) in members.sorted(by: { $0.key < $1.key }) { json.field(named: name, member) }
            }
        }
    }
}
