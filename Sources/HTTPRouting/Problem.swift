import Encodings
public import Errors
public import HTTPTypes

/// An error that is a response, as `application/problem+json` (RFC 9457).
public struct Problem: DescribedError {
    /// The kinds of trouble, one for each status code that is sent.
    public enum Kind: String, CaseIterable, Sendable {
        /// 400
        case badRequest
        /// 401
        case unauthorized
        /// 403
        case forbidden
        /// 404
        case notFound
        /// 405
        case methodNotAllowed
        /// 409
        case conflict
        /// 412
        case preconditionFailed
        /// 413
        case contentTooLarge
        /// 415
        case unsupportedMediaType
        /// 422
        case unprocessableContent
        /// 429
        case tooManyRequests
        /// 503
        case unavailable
        /// Every other code.
        case other
    }

    /// The status code.
    public let status: Int
    /// One sentence for people: the trouble and the way out of it.
    public let detail: String
    /// The trouble with each field, by its name.
    public let errors: [String: String]
    /// Further header fields of the response.
    public private(set) var headers: [(HTTPFieldName, String)] = []

    /// Creates a problem.
    ///
    /// - Parameters:
    ///   - status: The status code, 400 to 599, which is the kind of trouble.
    ///   - detail: The trouble, for people.
    ///   - errors: The trouble with each field.
    public init(_ status: Int, _ detail: String, errors: [String: String] = [:]) {
        self.status = status
        self.detail = detail
        self.errors = errors
    }

    /// Returns the same problem with one more header field.
    public func with(_ name: HTTPFieldName, _ value: String) -> Problem {
        var problem = self
        problem.headers.append((name, value))
        return problem
    }

    /// The kind of trouble, by the status code.
    public var kind: Kind {
        switch status {
        case 400: .badRequest
        case 401: .unauthorized
        case 403: .forbidden
        case 404: .notFound
        case 405: .methodNotAllowed
        case 409: .conflict
        case 412: .preconditionFailed
        case 413: .contentTooLarge
        case 415: .unsupportedMediaType
        case 422: .unprocessableContent
        case 429: .tooManyRequests
        case 503: .unavailable
        default: .other
        }
    }

    /// Returns true if the same request can succeed later.
    public var isTemporary: Bool { status == 503 || status == 429 }

    /// Status code and detail.
    public var description: String { "\(status) \(detail)" }

    /// The response.
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
