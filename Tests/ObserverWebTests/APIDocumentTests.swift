import Encodings
import Glibc
import HTTPRouting
import HTTPTypes
import ObserverCore
import ObserverStore
import TestSupport
import Testing

@testable import ObserverWeb

/// `api/openapi.json`, held against the routes, the table of a camera's fields and the words of the domain.
@Suite struct APIDocumentTests {
    private let document: OpenAPIDocument

    init() throws {
        document = try OpenAPIDocument()
    }

    /// `GET /api/v1/cameras/{id}`: without types of parameters and without trailing slash.
    private static func key(_ method: String, _ path: String) -> String {
        let untyped = path.replacing(":int}", with: "}").replacing(":uuid}", with: "}")
        let parts = untyped.split(separator: "/")
        return "\(method) /\(parts.joined(separator: "/"))"
    }

    private static let routes = Routes.router.routes.filter { !$0.endpoint.isPage }

    @Test func `every route of the API is documented, and nothing else`() {
        let routes = Self.routes.map { Self.key($0.method.rawValue, $0.pattern.description) }
        let documented = document.operations.map { Self.key($0.method, $0.path) }
        #expect(Set(routes) == Set(documented))
        #expect(routes.count == Set(routes).count)
        #expect(documented.count == routes.count)
    }

    @Test func `the documented role is the one that is asked for`() throws {
        for route in Self.routes {
            let key = Self.key(route.method.rawValue, route.pattern.description)
            let operation = try #require(document.operations.first { Self.key($0.method, $0.path) == key })
            #expect(operation.roles == Set([route.endpoint.role?.rawValue].compactMap { $0 }), "\(key)")
            let shared: Set = route.endpoint.role == nil ? [503] : [401, 403, 503]
            #expect(operation.statuses.isSuperset(of: shared), "\(key) leaves out one of \(shared)")
            if key.contains("{") { #expect(operation.statuses.contains(404), "\(key)") }
        }
    }

    @Test func `what anybody may ask for changes nothing and shows no camera`() {
        let open = Self.routes.filter { $0.endpoint.role == nil }
        #expect(
            Set(open.map(\.pattern.description)) == [
                "/api/v1/controller/healthcheck", "/api/v1/cameras/healthcheck", "/api/v1/health/live",
                "/api/v1/health/ready", "/api/v1/openapi.json",
                // From this machine alone; the handler asks others for a token.
                "/api/v1/metrics",
            ]
        )
        #expect(open.allSatisfy { $0.method == .get })
        // Who may look may save what is seen, and stop that.
        let saving: Set = ["/api/v1/exports", "/api/v1/exports/{id:int}"]
        for route in Self.routes where route.method != .get && !saving.contains(route.pattern.description) {
            #expect(route.endpoint.role ?? .viewer >= .operator, "\(route.method) \(route.pattern)")
        }
    }

    @Test func `every reference leads somewhere, and every component is used`() throws {
        var used: Set<String> = []
        func visit(_ value: JSONValue) {
            if let reference = value["$ref"]?.text { used.insert(reference) }
            for member in value.members.values { visit(member) }
            for element in value.elements { visit(element) }
        }
        visit(document.root)
        var defined: Set<String> = []
        for kind in ["headers", "parameters", "responses", "schemas"] {
            let components = try #require(document.root["components"]?[kind]?.members)
            defined.formUnion(components.keys.map { "#/components/\(kind)/\($0)" })
        }
        #expect(used == defined)
    }

    @Test func `the document has the words and limits of the domain`() {
        let state = document.schema("Status")?["properties"]?["state"]?["enum"]?.elements
        #expect(state == CameraState.allCases.map { .string($0.rawValue) })
        let cause = document.schema("Status")?["properties"]?["cause"]?["enum"]?.elements
        #expect(cause == Cause.allCases.map { .string($0.rawValue) } + [.null])
        let note = document.schema("HealthNote")?["properties"]?["cause"]?["enum"]?.elements
        #expect(note == HealthNote.Cause.allCases.map { .string($0.rawValue) })
        let gap = document.schema("Gap")?["properties"]
        #expect(gap?["cause"]?["enum"]?.elements == Cause.allCases.map { .string($0.rawValue) })
        let segment = document.schema("Segment")?["properties"]
        #expect(segment?["state"]?["enum"]?.elements == SegmentState.allCases.map { .string($0.rawValue) })
        #expect(segment?["stream"]?["enum"]?.elements == StreamKind.allCases.map { .string($0.rawValue) })
        #expect(
            segment?["flags"]?["items"]?["enum"]?.elements == SegmentFlag.allCases.map { .string($0.rawValue) }
        )
        let recorder = document.schema("Recorder")?["properties"]?["state"]?["enum"]?.elements
        #expect(recorder == RecorderListing.State.allCases.map { .string($0.rawValue) })
        let uploader = document.schema("Uploader")?["properties"]
        #expect(uploader?["state"]?["enum"]?.elements == UploaderListing.State.allCases.map { .string($0.rawValue) })
        #expect(uploader?["store_state"]?["enum"]?.elements == StoreState.allCases.map { .string($0.rawValue) })
        let failed = document.schema("FailedUpload")?["properties"]?.members.filter { $0.key != "retry_asked_at" }
        #expect(failed == document.schema("Segment")?["properties"]?.members)
        let parameters = document.root["components"]?["parameters"]
        #expect(parameters?["state"]?["schema"]?["enum"]?.elements == state)
        #expect(parameters?["limit"]?["schema"]?["maximum"] == .int(Int64(CameraQuery.longestPage)))
        #expect(CameraQuery.longestPage == SegmentStore.Query.longestPage)
        let resolution = parameters?["resolution"]?["schema"]
        #expect(resolution?["maximum"] == .int(Int64(TimelineAPI.coarsest)))
        let checks = document.schema("Readiness")?["properties"]?["checks"]?["properties"]
        for part in HealthBoard.Part.allCases { #expect(checks?[part.rawValue] != nil, "\(part)") }
    }

    /// With OBSERVER_TEST_UPDATE=1 the schemas are written into the file first.
    @Test func `the schemas of a camera are those of the table of its fields`() throws {
        if TestEnvironment.variable("OBSERVER_TEST_UPDATE") == "1" { try update() }
        let document = try OpenAPIDocument()
        for (name, schema) in CameraSchemas.all {
            let isSame = document.schema(name) == schema.json
            #expect(isSame, "\(name): generate it with OBSERVER_TEST_UPDATE=1 swift test --filter APIDocumentTests")
        }
    }

    private func update() throws {
        var text = try TestEnvironment.text(of: OpenAPIDocument.path)
        for (name, schema) in CameraSchemas.all {
            let start = try #require(text.firstRange(of: "\n      \"\(name)\": {"))
            let rest = text[start.upperBound...]
            let end = try #require(rest.firstRange(of: "\n      \"") ?? rest.firstRange(of: "\n    }"))
            let comma = text[end.lowerBound...].hasPrefix("\n      \"") ? "," : ""
            let written = schema.written(indentation: 6, levels: 2)
            text.replaceSubrange(start.lowerBound..<end.lowerBound, with: "\n      \"\(name)\": \(written)\(comma)")
        }
        let file = try #require(fopen("\(TestEnvironment.repository)/\(OpenAPIDocument.path)", "w"))
        fputs(text, file)
        fclose(file)
    }
}
