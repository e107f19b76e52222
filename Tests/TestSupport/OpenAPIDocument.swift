public import Encodings

/// `api/openapi.json`, taken apart for tests.
public struct OpenAPIDocument: Sendable {
    /// One operation of the document.
    public struct Operation: Sendable {
        /// The name of the method in capitals.
        public let method: String
        /// The path with the server's prefix, `/api/v1/cameras/{id}`.
        public let path: String
        /// The roles in its security requirements; empty for an operation that is open to everybody.
        public let roles: Set<String>
        /// The status codes of its answers.
        public let statuses: Set<Int>
    }

    /// The path of the file in the source tree.
    public static let path = "api/openapi.json"

    /// The whole document.
    public let root: JSONValue

    /// Reads the file.
    public init() throws {
        root = try JSONParser.parse(Array(TestEnvironment.text(of: Self.path).utf8))
    }

    /// The operations of all paths.
    public var operations: [Operation] {
        let prefix = root["servers"]?.elements.first?["url"]?.text ?? ""
        return (root["paths"]?.members ?? [:]).flatMap { path, methods in
            methods.members.map { method, operation in
                Operation(
                    method: method.uppercased(),
                    path: prefix + path,
                    roles: Self.roles(operation["security"] ?? root["security"]),
                    statuses: Set((operation["responses"]?.members ?? [:]).keys.compactMap { Int($0) })
                )
            }
        }
    }

    /// A schema of the components.
    public func schema(_ name: String) -> JSONValue? { root["components"]?["schemas"]?[name] }

    private static func roles(_ security: JSONValue?) -> Set<String> {
        Set((security?.elements ?? []).flatMap { $0.members.values.flatMap(\.elements) }.compactMap(\.text))
    }
}

extension JSONValue {
    /// The member of an object.
    public subscript(_ name: String) -> JSONValue? { members[name] }

    /// The members of an object; none for other values.
    public var members: [String: JSONValue] { if case .object(let members) = self { members } else { [:] } }

    /// The elements of an array; none for other values.
    public var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }

    /// The text of a string.
    public var text: String? { if case .string(let text) = self { text } else { nil } }
}
