import Encodings
package import HTTPTypes
import HTTPRouting
package import ObserverCore

/// `/openapi.json`: kept by hand here, held against ``Routes`` and the running server by tests.
package enum OpenAPI {
    /// What the document says of a route.
    package struct Operation: Sendable {
        package let method: HTTPMethod
        /// As in ``Routes``; parameters without their types.
        package let path: String
        package let role: Role?
        package let summary: String
        /// Names of ``parameters``, besides those in the path.
        package var query: [String] = []
        /// Media type and name of the body's schema.
        package var body: (type: String, schema: String)?
        /// Answers: status, what it means, media type and schema of the body.
        package let answers: [Answer]

        /// The statuses that can come from outside the handler too: sign-in, role, method, database.
        package var statuses: Set<Int> {
            var statuses = Set(answers.map(\.status))
            statuses.insert(503)
            if role != nil { statuses.formUnion([401, 403]) }
            if path.contains("{") { statuses.insert(404) }
            if !query.isEmpty { statuses.formUnion([400, 422]) }
            if body != nil { statuses.formUnion([400, 413, 415, 422]) }
            return statuses
        }
    }

    /// One answer of an operation.
    package struct Answer: Sendable {
        package let status: Int
        package let meaning: String
        package var type: String?
        package var schema: String?

        init(_ status: Int, _ meaning: String, _ type: String? = nil, _ schema: String? = nil) {
            self.status = status
            self.meaning = meaning
            self.type = type
            self.schema = schema
        }

        static func json(_ status: Int, _ meaning: String, _ schema: String) -> Answer {
            Answer(status, meaning, "application/json", schema)
        }
    }

    @Sendable package static func show(_ request: WebRequest) -> HTTPResponse {
        HTTPResponse(contentType: "application/json", body: document)
    }

    /// The document.
    package static let document: [UInt8] = {
        var json = JSONWriter(capacity: 32 * 1024)
        json.object { json in
            json.field("openapi", "3.1.0")
            json.object("info") { json in
                json.field("title", "Observer")
                json.field("version", "1")
                json.field(
                    "description",
                    "Records IP cameras. Lists are plain arrays; the next page is in Link. Times are RFC 3339 in UTC. "
                        + "A trailing slash never counts."
                )
                json.object("license") { json in
                    json.field("name", "Apache-2.0")
                    json.field("identifier", "Apache-2.0")
                }
            }
            json.array("servers") { json in json.object { $0.field("url", "/api/v1") } }
            json.array("security") { json in
                json.object { json in json.array("token") { _ in } }
                json.object { json in json.array("cookie") { _ in } }
            }
            paths(&json)
            json.field("components", json: Array(OpenAPISchemas.components.utf8))
        }
        return json.bytes
    }()

    private static func paths(_ json: inout JSONWriter) {
        var paths: [String] = []
        for operation in operations where !paths.contains(operation.path) { paths.append(operation.path) }
        json.object("paths") { json in
            for path in paths {
                json.object(named: String(path.dropFirst("/api/v1".count))) { json in
                    for operation in operations where operation.path == path {
                        json.object(named: operation.method.rawValue.lowercased()) { write(operation, &$0) }
                    }
                }
            }
        }
    }

    private static func write(_ operation: Operation, _ json: inout JSONWriter) {
        json.field("summary", operation.summary)
        if let role = operation.role {
            json.field("description", "Needs the role \(role.rawValue).")
        } else {
            json.array("security") { _ in }
        }
        let inPath = ["id"].filter { operation.path.contains("{\($0)}") }
        if !(inPath + operation.query).isEmpty || operation.method != .get {
            json.array("parameters") { json in
                for name in inPath {
                    reference("parameters", operation.path.contains("/segments/{") ? "segment" : name, &json)
                }
                for name in operation.query { reference("parameters", name, &json) }
                if operation.method == .patch || operation.method == .delete {
                    reference("parameters", "if-match", &json)
                }
            }
        }
        if let body = operation.body {
            json.object("requestBody") { json in
                json.field("required", true)
                content(body.type, body.schema, &json)
            }
        }
        json.object("responses") { json in
            for status in operation.statuses.sorted() {
                json.object(named: String(status)) { json in answer(status, operation, &json) }
            }
        }
    }

    private static func answer(_ status: Int, _ operation: Operation, _ json: inout JSONWriter) {
        guard let answer = operation.answers.first(where: { $0.status == status }) else {
            json.field("description", HTTPStatus.reason(status))
            return content("application/problem+json", "Problem", &json)
        }
        json.field("description", answer.meaning)
        if let type = answer.type, let schema = answer.schema { content(type, schema, &json) }
    }

    private static func content(_ type: String, _ schema: String, _ json: inout JSONWriter) {
        json.object("content") { json in
            json.object(named: type) { json in
                json.object("schema") { $0.field("$ref", "#/components/schemas/\(schema)") }
            }
        }
    }

    private static func reference(_ kind: String, _ name: String, _ json: inout JSONWriter) {
        json.object { $0.field("$ref", "#/components/\(kind)/\(name)") }
    }
}
