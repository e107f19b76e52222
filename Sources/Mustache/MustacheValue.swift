/// A value a template can show.
///
/// Literals work everywhere: `["name": "Gate", "tags": ["a", "b"], "isActive": true]`.
public enum MustacheValue: Hashable, Sendable {
    /// Nothing: shown as the empty string, false as a section.
    case null
    /// A truth value; as a section it decides, as a variable it shows `true` or `false`.
    case bool(Bool)
    /// A whole number, shown in decimal; true as a section, zero too.
    case int(Int64)
    /// A number, shown in Swift's shortest form.
    case double(Double)
    /// Text, escaped where it is shown with two braces; false as a section when empty.
    case string(String)
    /// HTML that was rendered before (a page inside its layout), shown as it is in any kind of tag.
    case html([UInt8])
    /// A section repeats itself for each element; false when empty.
    case list([MustacheValue])
    /// Named values; a section enters them.
    case object([String: MustacheValue])

    /// Wraps text, or `null` where there is none.
    public init(_ text: String?) {
        self = text.map(MustacheValue.string) ?? .null
    }

    /// Wraps a number; one that does not fit is the nearest that does.
    public init(_ number: some BinaryInteger) {
        self = .int(Int64(clamping: number))
    }

    /// Creates a list with one object for each element.
    public init<Element>(_ elements: some Sequence<Element>, _ view: (Element) throws -> MustacheValue) rethrows {
        self = .list(try elements.map(view))
    }

    /// Returns true if a section with this value is shown.
    public var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .int, .double, .object: true
        case .string(let text): !text.isEmpty
        case .html(let bytes): !bytes.isEmpty
        case .list(let elements): !elements.isEmpty
        }
    }
}

extension MustacheValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// Nothing.
    public init(nilLiteral: ()) {
        self = .null
    }

    /// A truth value.
    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    /// A whole number.
    public init(integerLiteral value: Int64) {
        self = .int(value)
    }

    /// A number.
    public init(floatLiteral value: Double) {
        self = .double(value)
    }

    /// Text.
    public init(stringLiteral value: String) {
        self = .string(value)
    }

    /// A list.
    public init(arrayLiteral elements: MustacheValue...) {
        self = .list(elements)
    }

    /// An object; of two equal names the last one counts.
    public init(dictionaryLiteral elements: (String, MustacheValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
