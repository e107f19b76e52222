package import HTTPTypes
package import HTTPRouting
import ObserverCore

/// The pages that show problems to people.
package enum ProblemPages {
    /// The page for a problem; people who are not signed in are redirected to the sign-in page and back.
    @Sendable package static func show(_ problem: Problem, _ request: WebRequest) -> HTTPResponse {
        if problem.status == 401 {
            let isReading = [.get, .head].contains(request.http.method)
            let back = isReading ? Links.inside(request.http.target) : pageOfForm(request)
            return request.redirect(Links.link(Links.signIn, [("back", back == Links.cameras ? nil : back)]))
        }
        let isReading = [.get, .head].contains(request.http.method)
        let page = ErrorPage(
            problem,
            again: problem.isTemporary && isReading ? Links.inside(request.http.target) : nil,
            requestID: problem.status >= 500 ? request.http.id : nil
        )
        // Without a working template the problem is sent as text.
        guard var response = try? request.answer(page, status: problem.status) else {
            return HTTPResponse(status: problem.status, text: problem.detail + "\n")
        }
        for (name, value) in problem.headers where name != .wwwAuthenticate {
            response.add(name, value)
        }
        return response
    }

    /// The page on which the form was, where it puts back what was typed (`again`): the address that the form was sent to,
    /// or the nearest one above it that is a page.
    private static func pageOfForm(_ request: WebRequest) -> String {
        var path = request.http.path
        while path.hasPrefix(Links.cameras), let slash = path.lastIndex(of: "/") {
            let found = try? Routes.router.match(HTTPRequest(.get, path))  // an address without a page leads further up
            if found?.endpoint.isPage == true { return Links.link(Links.inside(path), [("again", "1")]) }
            path = String(path[..<slash])
        }
        return Links.cameras
    }
}
