import HTTPRouting
import HTTPTypes
import Mustache
import ObserverConfiguration
package import ObserverCore

extension WebRequest {
    /// The viewer of the page; nil on pages that are open to everybody.
    var viewer: Viewer? {
        identity.map { Viewer(name: $0.name, role: $0.role, csrf: $0.csrf, zone: zone) }
    }

    /// The time zone in which the one who asks sees times: of the account's choice, else that of the browser, which a script
    /// leaves in the cookie `zone`, else UTC.
    package var zone: TimeZoneRules {
        for name in [identity?.zone, http.cookie("zone")].compactMap({ $0 }) {
            // A name that the system does not know counts as none.
            if let zone = try? ZoneFiles.zone(named: name) { return zone }
        }
        return .utc
    }

    /// The viewer, on pages that only people who are signed in come to.
    ///
    /// - Throws: `Problem` 401 where nobody is, which means that the route was declared open by mistake.
    func signedIn() throws(Problem) -> Viewer {
        guard let viewer else { throw Problem(401, "Sign in to see this page.") }
        return viewer
    }

    /// The originator of a change, on addresses that need a role.
    ///
    /// - Throws: `Problem` 401 where nobody is, which means that the route was declared open by mistake.
    func actor() throws(Problem) -> Actor {
        guard let identity else { throw Problem(401, "Sign in to change this.") }
        return identity.actor
    }

    /// A page as an answer.
    func answer(_ page: some Page, status: Int = 200) throws(MustacheError) -> HTTPResponse {
        let notice = (try? http.queryFields())?["done"].flatMap(Notice.init)?.text  // an unreadable query has no notice
        let troubles = viewer == nil ? [] : Troubles.sentences(of: context.health)
        let body = try context.pages.render(page, for: viewer, notice: notice, troubles: troubles)
        var response = HTTPResponse(status: status, contentType: "text/html; charset=utf-8", body: body)
        response.set(.cacheControl, "no-store")
        return response
    }

    /// Leads to another page after a form was handled, so that a reload does not send the form again.
    func redirect(_ address: String, done notice: Notice? = nil) -> HTTPResponse {
        let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        var target = String(parts[0])
        if let notice { target += (target.contains("?") ? "&" : "?") + "done=\(notice.rawValue)" }
        if parts.count > 1 { target += "#" + parts[1] }
        var response = HTTPResponse(status: 303)
        response.set(.location, target)
        response.set(.cacheControl, "no-store")
        return response
    }
}
