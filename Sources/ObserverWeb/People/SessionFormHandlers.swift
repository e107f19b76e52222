import Crypto
package import HTTPTypes
import HTTPRouting
import ObserverCore

/// Signing in and out.
package enum SessionFormHandlers {
    /// The sign-in page; redirects users who are signed in already.
    @Sendable package static func signInPage(_ request: WebRequest) throws -> HTTPResponse {
        let back = Links.inside(try request.http.queryFields()["back"])
        let isSignedIn = try? request.context.authenticator.authorise(request.http, as: .viewer, in: request.database)
        if isSignedIn != nil { return request.redirect(back) }  // any failure to sign in leads to the form
        return try page(request, name: "", back: back)
    }

    /// Handles the sign-in form.
    @Sendable package static func signIn(_ request: WebRequest) throws -> HTTPResponse {
        let form = try request.http.formFields()
        let door = SignIn(request.context)
        try door.checkGate(request.http, form)
        let name = form["name"] ?? ""
        let back = Links.inside(form["back"])
        switch try door.signIn(name: name, password: Secret(form["password"] ?? ""), request.http) {
        case .signedIn(let cookies):
            var response = request.redirect(back)
            for cookie in cookies { response.add(.setCookie, cookie) }
            return response
        case .refused:
            return try page(request, name: name, back: back, status: 401, problem: "Name or password is wrong.")
        case .throttled(let seconds):
            let problem =
                "Too many failed attempts. Try again in \(Format.length(milliseconds: Int64(seconds) * 1000))."
            var response = try page(request, name: name, back: back, status: 429, problem: problem)
            response.set(.retryAfter, String(seconds))
            return response
        case .busy:
            let problem = "Many people are signing in at this moment. Try again in a few seconds."
            var response = try page(request, name: name, back: back, status: 503, problem: problem)
            response.set(.retryAfter, "5")
            return response
        }
    }

    /// Ends the session.
    @Sendable package static func signOut(_ request: WebRequest) throws -> HTTPResponse {
        let cookie = try SignIn(request.context).signOut(request.http)
        var response = request.redirect(Links.signIn, done: .signedOut)
        response.add(.setCookie, cookie)
        return response
    }

    private static func page(
        _ request: WebRequest,
        name: String,
        back: String,
        status: Int = 200,
        problem: String? = nil
    ) throws -> HTTPResponse {
        let gate = try SignIn(request.context).gate(request.http)
        let page = SignInPage(csrf: gate.csrf, name: String(name.prefix(64)), back: back, problem: problem)
        var response = try request.answer(page, status: status)
        response.add(.setCookie, gate.cookie)
        return response
    }
}
