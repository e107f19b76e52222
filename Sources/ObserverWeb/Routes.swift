package import HTTPRouting
package import HTTPTypes
import Logging
import ObserverCore

/// Every address of the web process, with the least role that can use it.
package enum Routes {
    /// The routes of all resources; each folder adds its own.
    package static let router: Router<Endpoint> = {
        var router = Router<Endpoint>()
        addCameras(to: &router)
        addRecordings(to: &router)
        addLive(to: &router)
        addExports(to: &router)
        addRecorders(to: &router)
        addRetention(to: &router)
        addUploads(to: &router)
        addPeople(to: &router)
        addHealth(to: &router)
        addCompatibility(to: &router)
        router.add(.get, "/api/v1/openapi.json", to: .api(nil, APIDocument.show))
        return router
    }()

    /// Answers a request; every failure has an answer too.
    package static func respond(to http: HTTPRequest, context: WebContext) -> HTTPResponse {
        var request = WebRequest(http: http, context: context)
        var endpoint: Endpoint?
        do {
            let match = try router.match(http)
            endpoint = match.endpoint
            request.parameters = match.parameters
            if let role = match.endpoint.role {
                request.identity = try context.authenticator.authorise(http, as: role, in: context.database)
            }
            return try match.endpoint.handler(request)
        } catch {
            let problem = ErrorResponses.problem(error, to: http, logger: context.logger)
            if endpoint == nil, isReadByPerson(http) {
                request.identity = try? context.authenticator.authorise(http, as: .viewer, in: context.database)
                return ProblemPages.show(problem, request)
            }
            return endpoint?.isPage == true ? ProblemPages.show(problem, request) : problem.response
        }
    }

    /// Returns true if the answer to an unknown address is read by a person.
    private static func isReadByPerson(_ http: HTTPRequest) -> Bool {
        http.path.hasPrefix(Links.pages) && http.header(.accept)?.contains("text/html") == true
    }
}
