package import HTTPTypes
package import HTTPRouting
import Logging
package import ObserverCore

/// Routes with who may use them; wraps each handler in what all of them need.
package struct RouteTable: Sendable {
    package typealias Handler = @Sendable (WebRequest) throws -> HTTPResponse
    package typealias ProblemPage = @Sendable (Problem, WebRequest) -> HTTPResponse

    /// A route as the table lists it.
    package struct Entry: Sendable {
        package let method: HTTPMethod
        package let pattern: String
        /// The least role; nil: open to everybody.
        package let role: Role?
        /// Whether people see it in a browser; then problems are pages too.
        package let isPage: Bool
    }

    package private(set) var entries: [Entry] = []
    private var router = Router<WebContext>()
    private let problemPage: ProblemPage
    private static let pages = "/api/v1/controller"

    /// - Parameter problemPage: Shows a problem to people.
    package init(problemPage: @escaping ProblemPage) {
        self.problemPage = problemPage
    }

    /// Adds a route of the API; problems are told as `problem+json`.
    package mutating func api(
        _ method: HTTPMethod,
        _ pattern: String,
        _ role: Role?,
        _ handler: @escaping Handler
    ) {
        add(Entry(method: method, pattern: pattern, role: role, isPage: false), handler)
    }

    /// Adds a page or a form; problems are told as pages.
    package mutating func page(
        _ method: HTTPMethod,
        _ pattern: String,
        _ role: Role?,
        _ handler: @escaping Handler
    ) {
        add(Entry(method: method, pattern: pattern, role: role, isPage: true), handler)
    }

    private mutating func add(_ entry: Entry, _ handler: @escaping Handler) {
        entries.append(entry)
        router.add(entry.method, entry.pattern) { [problemPage] http, parameters, context in
            var identity: Identity?
            do {
                if let role = entry.role {
                    identity = try context.site.gatekeeper.authorise(http, role, context.database)
                }
                return try handler(
                    WebRequest(http: http, parameters: parameters, identity: identity, context: context)
                )
            } catch {
                let problem = ErrorResponses.problem(error, http, context.site.logger)
                guard entry.isPage else { return problem.response }
                return problemPage(
                    problem,
                    WebRequest(http: http, parameters: parameters, identity: identity, context: context)
                )
            }
        }
    }

    /// Answers a request; whatever goes wrong has an answer too.
    package func respond(to request: HTTPRequest, context: WebContext) -> HTTPResponse {
        do {
            return try router.respond(to: request, context: context)
        } catch {
            // No route: the path decides whether a person or a program hears of it.
            let problem = ErrorResponses.problem(error, request, context.site.logger)
            guard request.path.hasPrefix(Self.pages), request.header(.accept)?.contains("text/html") == true else {
                return problem.response
            }
            let identity = try? context.site.gatekeeper.authorise(request, .viewer, context.database)
            return problemPage(
                problem,
                WebRequest(http: request, parameters: PathParameters(), identity: identity, context: context)
            )
        }
    }
}
