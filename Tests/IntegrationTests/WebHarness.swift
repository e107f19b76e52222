import S3
import HTTPClient
import Encodings
import Crypto
import HTTPTypes
import HTTPRouting
import Logging
import Mustache
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverWeb
import Postgres
import System
import TestSupport
import Testing

/// The web process without its sockets: requests go straight to the routes, on a database of the harness's own.
final class WebHarness {
    /// The answer to a request.
    struct Answer {
        let status: Int
        let response: HTTPResponse
        let json: JSONValue?

        var text: String { String(decoding: response.body, as: UTF8.self) }

        subscript(_ name: String) -> JSONValue? {
            if case .object(let members)? = json { members[name] } else { nil }
        }

        var id: Int64? { if case .int(let id)? = self["id"] { id } else { nil } }

        /// The names of the fields that are wrong.
        var wrongFields: [String] {
            if case .object(let errors)? = self["errors"] { errors.keys.sorted() } else { [] }
        }
    }

    static let key = [UInt8](repeating: 7, count: 32)
    static let good = """
        {"name": "Gate", "location": "Old Trafford", "location_details": "Stretford End", "url": "rtsp://cam.example/1",
         "username": "viewer", "password": "canary", "is_active": true, "segment_seconds": 10, "transport": "tcp",
         "audio": "off", "retention_days": 30, "tags": ["outdoor", "gate"]}
        """

    let database: TestDatabase?
    /// The same with the rights of the owner of the tables, for the tests themselves.
    let context: WebContext
    /// The context of the routes, with the rights of observer-web.
    private let served: WebContext
    private(set) var tokens: [Role: String] = [:]

    /// - Parameters:
    ///   - databaseURL: Another database than a fresh one of the test server, for one that is away.
    ///   - more: Settings besides the usual ones.
    /// - Throws: When there is no server for tests, or a setting is wrong.
    init(databaseURL: String? = nil, _ more: [String: String] = [:]) throws {
        database = databaseURL == nil ? try TestDatabase() : nil
        let url = try #require(databaseURL ?? database?.url)
        let limited = try database?.url(as: "web") ?? url
        let environment = Self.environment(url).merging(more) { $1 }
        let configuration = try WebConfiguration(environment: environment)
        let announced = Announced()
        let pages = PageRenderer(try TemplateLibrary(directory: configuration.templates))
        let document = try APIDocument(besideTemplates: configuration.templates)
        let authenticator = Authenticator(publicURL: configuration.publicURL)
        let (health, waits) = (HealthBoard(), SnapshotWaits(limit: 1))
        let cameraPages = AnswerMemory<CamerasAPI.PageKey, CamerasAPI.Page>()
        let stores = StoreClients(configuration.destinations, parallel: 1)
        func context(_ url: String) throws -> WebContext {
            WebContext(
                configuration: configuration,
                logger: Logger(label: "test", level: .error),
                pages: pages,
                document: document,
                authenticator: authenticator,
                health: health,
                stores: stores,
                database: PostgresConnection(
                    try PostgresConfiguration(url: url, applicationName: "harness", deadline: .seconds(3))
                ),
                snapshotWaits: waits,
                cameraPages: cameraPages,
                askForRetry: { spool in announced.retries.withLock { $0.append(spool) } },
                wish: { kind, listing in announced.wish(kind, listing) }
            ) { listing in
                let change = CameraChanged(cameraID: listing.camera.id, version: listing.camera.version)
                announced.list.withLock { $0.append((change, listing.owner)) }
            }
        }
        self.context = try context(url)
        served = try context(limited)
        self.announcedBox = announced
        guard database != nil else { return }
        for role in Role.allCases {
            let token = "obs_\(role.rawValue)-token"
            _ = try UserStore(self.context.database).createToken(
                name: role.rawValue,
                role: role,
                prefix: "obs_",
                hash: SHA256.hash(token.utf8)
            )
            tokens[role] = token
        }
    }

    private let announcedBox: Announced
    private final class Announced: Sendable {
        let list = Lock<[(change: CameraChanged, recorder: String?)]>([])
        let wishes = Lock<[(kind: CameraWish.Kind, camera: CameraID, recorder: String?)]>([])
        let retries = Lock<[SpoolID]>([])
        /// Called with each camera of which a picture is wished for.
        let onSnapshot = Lock<(@Sendable (CameraID) -> Void)?>(nil)

        func wish(_ kind: CameraWish.Kind, _ listing: CameraListing) {
            wishes.withLock { $0.append((kind, listing.camera.id, listing.owner)) }
            if kind == .snapshot { onSnapshot.withLock { $0 }?(listing.camera.id) }
        }
    }

    /// The announcements since the last look.
    func takeAnnounced() -> [(change: CameraChanged, recorder: String?)] {
        announcedBox.list.withLock { list in
            defer { list = [] }
            return list
        }
    }

    /// Registers a recorder, which claims all cameras.
    func assign(to recorder: String) throws {
        let recorders = RecorderStore(context.database)
        let incarnation = try recorders.register(recorder, spool: SpoolID.makeRandom(), version: "1")
        _ = try recorders.claimOrphans(for: recorder, incarnation: incarnation)
    }

    /// The wishes since the last look.
    func takeWishes() -> [(kind: CameraWish.Kind, camera: CameraID, recorder: String?)] {
        announcedBox.wishes.withLock { list in
            defer { list = [] }
            return list
        }
    }

    /// The spools whose uploaders were told to try failed uploads anew since the last look.
    func takeRetries() -> [SpoolID] {
        announcedBox.retries.withLock { list in
            defer { list = [] }
            return list
        }
    }

    /// Sets what is done when a picture is wished for.
    func onSnapshotWish(_ body: @escaping @Sendable (CameraID) -> Void) {
        announcedBox.onSnapshot.withLock { $0 = body }
    }

    static func environment(_ database: String) -> [String: String] {
        [
            "OBSERVER_DATABASE_URL": database, "OBSERVER_AMQP_URL": "amqp://guest:guest@127.0.0.1:9/",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "OBSERVER_S3_BUCKET": "recordings",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "OBSERVER_KEY": key.base64,
            "OBSERVER_FASTCGI_SOCKET": "/unused.sock",
            "OBSERVER_TEMPLATES": TestEnvironment.repository + "/templates",
        ]
    }

    /// Sends a request; its status must be one that the document knows.
    @discardableResult
    func call(
        _ method: String,
        _ path: String,
        _ body: String? = nil,
        as role: Role? = .admin,
        type: String = "application/json",
        headers: [(String, String)] = []
    ) -> Answer {
        let method = HTTPMethod(rawValue: method)
        var fields = headers.compactMap { name, value in HTTPFieldName(name).map { (name: $0, value: value) } }
        if let role, let token = tokens[role] { fields.append((.authorization, "Bearer \(token)")) }
        if body != nil { fields.append((.contentType, type)) }
        let request = HTTPRequest(method, "/api/v1\(path)", headers: fields, body: Array((body ?? "").utf8))
        let response = Routes.respond(to: request, context: served)
        if let operation = Self.operation(method, request.path) {
            #expect(
                operation.statuses.contains(response.status),
                "\(method.rawValue) \(path): \(response.status) is not documented"
            )
        }
        return Answer(status: response.status, response: response, json: try? JSONParser.parse(response.body))
    }

    /// Creates a camera; its number.
    func addCamera(_ name: String = "Gate", _ more: String = "") throws -> Int64 {
        let body = #"{"name": "\#(name)", "location": "Here", "url": "rtsp://cam.example/1"\#(more)}"#
        return try #require(call("POST", "/cameras/", body).id)
    }

    /// Everything there is about cameras, to see that nothing has changed.
    func cameraRows() throws -> String {
        let statement: SQL = "select coalesce(string_agg(c::text, ';' order by id), '') from cameras c"
        return try context.database.rows(statement, as: (String).self).first ?? ""
    }

    private static let operations = (try? OpenAPIDocument().operations) ?? []

    private static func operation(_ method: HTTPMethod, _ path: String) -> OpenAPIDocument.Operation? {
        let parts = path.split(separator: "/")
        return operations.first { operation in
            let pattern = operation.path.split(separator: "/")
            return operation.method == method.rawValue && pattern.count == parts.count
                && zip(pattern, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{id}") && $1.first?.isNumber == true }
        }
    }
}
