import Encodings
package import HTTPTypes
import HTTPRouting
import Postgres

/// Answers for probes: the process lives, and its dependencies are there.
package enum HealthAPI {
    /// 200 as long as requests are answered; for a supervisor.
    @Sendable package static func live(_ request: WebRequest) -> HTTPResponse {
        var json = JSONWriter()
        json.object { $0.field("status", "live") }
        return .json(json)
    }

    /// 200 when every dependency answers, else 503 with those that don't; for load balancers and people.
    @Sendable package static func ready(_ request: WebRequest) -> HTTPResponse {
        var findings = [("database", database(request))]
        findings += HealthBoard.Part.allCases.map { ($0.rawValue, request.context.health[$0]) }
        let isReady = findings.allSatisfy { $0.1.isGood }
        var json = JSONWriter()
        json.object { json in
            json.field("status", isReady ? "ready" : "not ready")
            json.object("checks") { json in
                for (name, finding) in findings {
                    json.field(
                        named: name,
                        .object(["ok": .bool(finding.isGood), "detail": .string(finding.detail)])
                    )
                }
            }
        }
        var response = HTTPResponse.json(json, status: isReady ? 200 : 503)
        if !isReady { response.set(.retryAfter, "3") }
        return response
    }

    private static func database(_ request: WebRequest) -> HealthBoard.Finding {
        do throws(PostgresError) {
            try request.database.execute("select 1 from cameras limit 1", within: .seconds(2))
            return .init(isGood: true, detail: "answers")
        } catch {
            return .init(isGood: false, detail: error.description)
        }
    }
}
