import HTTPTypes
import ObserverCore
import ObserverWeb
import Testing

/// `/openapi.json` against the routes.
@Suite struct APIDocumentTests {
    /// `GET /api/v1/cameras/{id}`: without types of parameters and without trailing slash.
    private static func key(_ method: HTTPMethod, _ path: String) -> String {
        let untyped = path.replacing(":int}", with: "}").replacing(":uuid}", with: "}")
        let parts = untyped.split(separator: "/")
        return "\(method.rawValue) /\(parts.joined(separator: "/"))"
    }

    @Test func `every route of the API is documented, and nothing else`() {
        let routes = Routes.table.entries.filter { !$0.isPage }.map { Self.key($0.method, $0.pattern) }
        let documented = OpenAPI.operations.map { Self.key($0.method, $0.path) }
        #expect(Set(routes) == Set(documented))
        #expect(routes.count == Set(routes).count)
        #expect(documented.count == Set(documented).count)
    }

    @Test func `the documented role is the one that is asked for`() {
        for operation in OpenAPI.operations {
            let route = Routes.table.entries.first {
                Self.key($0.method, $0.pattern) == Self.key(operation.method, operation.path)
            }
            #expect(route?.role == operation.role, "\(operation.path)")
        }
    }

    @Test func `what anybody may ask for changes nothing and shows no camera`() {
        let open = Routes.table.entries.filter { $0.role == nil && !$0.isPage }.map(\.pattern)
        #expect(
            Set(open) == [
                "/api/v1/controller/healthcheck", "/api/v1/cameras/healthcheck", "/api/v1/health/live",
                "/api/v1/health/ready", "/api/v1/openapi.json",
            ]
        )
        for entry in Routes.table.entries where !entry.isPage && entry.method != .get {
            #expect(entry.role ?? .viewer >= .operator, "\(entry.method) \(entry.pattern)")
        }
    }

    @Test func `the document is JSON and refers to nothing that is missing`() throws {
        // It is deeper than what is taken from outside, so it is read piece by piece.
        let text = String(decoding: OpenAPI.document, as: UTF8.self)
        #expect(text.hasPrefix("{\"openapi\":\"3.1.0\""))
        var names: Set<String> = []
        for part in text.split(separator: "\"#/components/").dropFirst() {
            names.insert(String(part.prefix { $0 != "\"" }))
        }
        #expect(names.count > 10)
        for name in names {
            let last = name.split(separator: "/").last.map(String.init) ?? ""
            #expect(text.contains("\"\(last)\": {"), "\(name)")
        }
    }
}
