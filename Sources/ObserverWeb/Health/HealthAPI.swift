import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore

/// Answers for probes: the process lives, and it can do its work.
///
/// Nothing is asked of anything while somebody waits: the answers come from the ``HealthBoard``.
package enum HealthAPI {
    /// 200 as long as requests are answered; for a supervisor.
    @Sendable package static func live(_ request: WebRequest) -> HTTPResponse {
        var json = JSONWriter()
        json.object { $0.field("status", "live") }
        return .json(json)
    }

    /// 200 while the database answers, else 503; for load balancers.
    ///
    /// Callers who are signed in see the parts as well. Pages and API work without broker and store, and nobody should be kept from them just then.
    @Sendable package static func ready(_ request: WebRequest) -> HTTPResponse {
        let isReady = request.context.health[.database].isGood
        let seesDetails = seesDetails(request)
        var json = JSONWriter()
        json.object { json in
            json.field("status", isReady ? "ready" : "not ready")
            guard seesDetails else { return }
            json.object("checks") { json in
                for part in HealthBoard.Part.allCases {
                    let finding = request.context.health[part]
                    json.field(
                        named: part.rawValue,
                        .object(["ok": .bool(finding.isGood), "detail": .string(finding.detail)])
                    )
                }
            }
        }
        var response = HTTPResponse.json(json, status: isReady ? 200 : 503)
        if !isReady { response.set(.retryAfter, "3") }
        return response
    }

    /// Returns true for a caller who may read.
    ///
    /// Without the database nobody can be known, and nobody waits for it here.
    private static func seesDetails(_ request: WebRequest) -> Bool {
        let context = request.context
        guard context.health[.database].isGood else { return false }
        guard request.http.header(.authorization) != nil || request.http.header(.cookie) != nil else { return false }
        // Whoever is not known is a stranger, who may ask too.
        return (try? context.authenticator.authorise(request.http, as: .viewer, in: context.database)) != nil
    }
}
