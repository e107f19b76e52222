import Encodings
public import HTTPTypes

/// An answer that says what went wrong, as `application/problem+json` (RFC 9457).
public struct Problem: Error, Sendable, CustomStringConvertible {
    /// The status code.
    public let status: Int
    /// One sentence for people: what is wrong and how to mend it.
    public let detail: String
    /// What is wrong with each field, by its name.
    public let errors: [String: String]
    /// Header fields to be sent as well.
    public private(set) var headers: [(HTTPFieldName, String)] = []

    /// Makes a problem.
    ///
    /// - Parameters:
    ///   - status: The status code, 400…599.
    ///   - detail: What is wrong, for people.
    ///   - errors: What is wrong with each field.
    public init(_ status: Int, _ detail: String, errors: [String: String] = [:]) {
        self.status = status
        self.detail = detail
        self.errors = errors
    }

    /// The same problem with one more header field.
    public func with(_ name: HTTPFieldName, _ value: String) -> Problem {
        var problem = self
        problem.headers.append((name, value))
        return problem
    }

    /// Whether the same request may work later.
    public var isTemporary: Bool { status == 503 || status == 429 }

    /// One line, safe to log.
    public var description: String { "\(status) \(detail)" }

    /// The answer.
    public var response: HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.field("type", "about:blank")
            json.field("title", HTTPStatus.reason(status))
            json.field("status", status)
            json.field("detail", detail)
            if !errors.isEmpty {
                json.object("errors") { json in
                    for (name, message) in errors.sorted(by: { $0.key < $1.key }) {
                        json.field(named: name, message)
                    }
                }
            }
        }
        var response = HTTPResponse(status: status, contentType: "application/problem+json", body: json.bytes)
        response.set(.cacheControl, "no-store")
        for (name, value) in headers { response.add(name, value) }
        return response
    }
}
