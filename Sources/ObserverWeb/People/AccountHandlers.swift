package import HTTPTypes
import HTTPRouting
import ObserverConfiguration
import ObserverCore
import ObserverStore

/// The settings that people have for themselves.
package enum AccountHandlers {
    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let identity = try person(request)
        return try request.answer(page(request, zone: identity.zone))
    }

    /// Saves the form; one with a zone that nobody knows comes back with what was typed.
    @Sendable package static func save(_ request: WebRequest) throws -> HTTPResponse {
        let identity = try person(request)
        let typed = try request.http.formFields()["zone"] ?? ""
        let name = typed.split(separator: " ").joined(separator: "_")
        guard name.isEmpty || (try? ZoneFiles.zone(named: name)) != nil else {
            let error = "There is no such time zone. It is named by a region and a city, as in Europe/Berlin."
            return try request.answer(page(request, zone: String(typed.prefix(64)), error: error), status: 422)
        }
        guard try UserStore(request.database).setZone(name: identity.name, name.isEmpty ? nil : name) else {
            throw Problem(404, "There is no such account any more.")
        }
        return request.redirect(Links.account, done: .accountSaved)
    }

    private static func page(_ request: WebRequest, zone: String?, error: String? = nil) throws -> AccountPage {
        AccountPage(viewer: try request.signedIn(), zone: zone, error: error, now: request.now)
    }

    /// - Throws: `Problem` 403 for a token, which has no account.
    private static func person(_ request: WebRequest) throws(Problem) -> Identity {
        guard let identity = request.identity, case .session = identity.proof else {
            throw Problem(403, "A token has no account. Sign in as a person.")
        }
        return identity
    }
}
