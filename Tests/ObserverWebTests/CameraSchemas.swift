import Encodings
import ObserverCore

/// The schemas of cameras in the OpenAPI document, made from the table of their fields.
enum CameraSchemas {
    /// A member of an object, in the order in which it is written.
    typealias Member = (name: String, value: Node)

    /// JSON that keeps the order of its members.
    indirect enum Node {
        case value(JSONValue)
        case list([Node])
        case object([Member])

        var json: JSONValue {
            switch self {
            case .value(let value): value
            case .list(let nodes): .array(nodes.map(\.json))
            case .object(let members):
                .object(Dictionary(members.map { ($0.name, $0.value.json) }) { first, _ in first })
            }
        }
    }

    /// The schemas by name.
    static var all: [Member] {
        let readable = CameraField.all.filter(\.isReadable)
        let writable = CameraField.all.filter(\.isWritable)
        return [
            (
                "Camera",
                .object([
                    ("type", text("object")), ("properties", .object(readable.map { ($0.name, answer($0)) })),
                    ("required", .list(readable.map { text($0.name) })),
                    ("additionalProperties", .value(.bool(false))),
                ])
            ),
            (
                "CameraChange",
                .object([
                    ("type", text("object")), ("properties", .object(writable.map { ($0.name, request($0)) })),
                    ("additionalProperties", .value(.bool(false))),
                    (
                        "allOf",
                        .list([
                            once("username", whereURLHas: "://[^/?#:@]+(:[^/?#@]*)?@"),
                            once("password", whereURLHas: "://[^/?#:@]*:[^/?#@]*@"),
                        ])
                    ),
                ])
            ),
            (
                "NewCamera",
                .object([
                    ("$ref", text("#/components/schemas/CameraChange")),
                    ("required", .list(writable.filter(\.isRequired).map { text($0.name) })),
                ])
            ),
        ]
    }

    /// The schema of a field in an answer.
    private static func answer(_ field: CameraField) -> Node {
        guard field.kind != .status else { return .object([("$ref", text("#/components/schemas/Status"))]) }
        // What was stored once may be of another form than what is taken today.
        let shape = shape(of: field, canBeNull: field.null == .clears)
            .filter { $0.name != "pattern" || !field.isAddress }
        return .object([("title", text(field.label))] + shape)
    }

    /// The schema of a field in a request.
    private static func request(_ field: CameraField) -> Node {
        var members: [Member] = [("title", text(field.label))]
        if let hint = field.hint { members.append(("description", text(hint))) }
        members += shape(of: field, canBeNull: field.null != .refused)
        if field.isPassword { members.append(("writeOnly", .value(.bool(true)))) }
        if let example = field.example { members.append(("examples", .list([text(example)]))) }
        if !field.isRequired, field.null != .clears {
            members.append(("default", node(field.value(in: CameraSettings()))))
        }
        return .object(members)
    }

    private static func shape(of field: CameraField, canBeNull: Bool) -> [Member] {
        func type(_ name: String) -> Member {
            ("type", canBeNull ? .list([text(name), text("null")]) : text(name))
        }
        switch field.kind {
        case .text(let longest), .code(let longest), .password(let longest):
            // What can be cleared can be empty.
            let least: [Member] = canBeNull ? [] : [("minLength", number(1))]
            let pattern = canBeNull ? CameraField.linePattern : CameraField.filledLinePattern()
            return [type("string")] + least + [("maxLength", number(longest)), ("pattern", text(pattern))]
        case .certificates:
            return [type("string"), ("pattern", text(CameraField.certificatesPattern))]
        case .url(let credentials):
            let pattern = "\(canBeNull ? "^$|" : "")^\(CameraURL.pattern(hasUser: credentials == .split))$"
            return [type("string"), ("maxLength", number(CameraURL.longest)), ("pattern", text(pattern))]
        case .truth: return [type("boolean")]
        case .integer(let range, _):
            return [type("integer"), ("minimum", number(range.lowerBound)), ("maximum", number(range.upperBound))]
        case .choice(let choices):
            return [("enum", .list(choices.map { text($0.word) } + (canBeNull ? [.value(.null)] : [])))]
        case .tags(let most, let longest):
            let item: [Member] = [
                ("type", text("string")), ("minLength", number(1)), ("maxLength", number(longest)),
                ("pattern", text(CameraField.filledLinePattern(without: ","))),
            ]
            return [type("array"), ("maxItems", number(most)), ("items", .object(item))]
        case .number: return [type("integer")]
        case .time: return [type("string"), ("format", text("date-time"))]
        case .status: return []
        }
    }

    /// The rule that nothing is given in the address and beside it.
    private static func once(_ field: String, whereURLHas pattern: String) -> Node {
        let url = Node.object([("url", .object([("pattern", text(pattern))]))])
        return .object([
            ("if", .object([("required", .list([text("url")])), ("properties", url)])),
            ("then", .object([("properties", .object([(field, .value(.bool(false)))]))])),
        ])
    }

    private static func text(_ text: String) -> Node { .value(.string(text)) }

    private static func number(_ number: Int) -> Node { .value(.int(Int64(number))) }

    private static func node(_ value: FieldValue) -> Node {
        switch value {
        case .string(let text): .value(.string(text))
        case .integer(let number): .value(.int(number))
        case .bool(let truth): .value(.bool(truth))
        case .list(let items): .list(items.map(node))
        case .null, .number, .object: .value(.null)
        }
    }
}

extension CameraSchemas.Node {
    /// The text as the file has it: objects on one line, but for the outer two levels.
    func written(indentation: Int, levels: Int) -> String {
        switch self {
        case .value(let value):
            var json = JSONWriter()
            json.value(value)
            return String(decoding: json.bytes, as: UTF8.self)
        case .list(let nodes):
            return "[" + nodes.map { $0.written(indentation: indentation, levels: 0) }.joined(separator: ", ") + "]"
        case .object(let members):
            let texts = members.map { member in
                "\"\(member.name)\": " + member.value.written(indentation: indentation + 2, levels: levels - 1)
            }
            guard levels > 0 else { return "{" + texts.joined(separator: ", ") + "}" }
            let margin = String(repeating: " ", count: indentation)
            return "{\n" + texts.map { "\(margin)  \($0)" }.joined(separator: ",\n") + "\n\(margin)}"
        }
    }
}
