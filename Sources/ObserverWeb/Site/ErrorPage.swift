package import HTTPRouting
package import Mustache

/// The page for an error, which adds that recording goes on.
package struct ErrorPage: Page {
    package static let template = "errors/error"
    private let problem: Problem
    private let again: String?
    private let requestID: String?

    /// - Parameters:
    ///   - problem: The problem.
    ///   - again: The address to try again, if that can help.
    ///   - requestID: The number of the request in the logs.
    package init(_ problem: Problem, again: String? = nil, requestID: String? = nil) {
        self.problem = problem
        self.again = again
        self.requestID = requestID
    }

    package var title: String {
        switch problem.status {
        case 400: "The request can’t be understood"
        case 403: "This is not allowed"
        case 404: "Not found"
        case 405: "This address does not take that"
        case 410: "No longer there"
        case 409, 412: "It was changed meanwhile"
        case 413: "That was too much at once"
        case 415: "The form can’t be read"
        case 422: "Something in the form is wrong"
        case 429: "Too many tries"
        case 503: "Observer can’t answer right now"
        default: "Something went wrong"
        }
    }

    package var value: MustacheValue {
        [
            "status": MustacheValue(problem.status),
            "title": .string(title),
            "detail": .string(problem.detail),
            "assurance": problem.status >= 500
                ? "Recording isn’t affected: the recorders write to their own disk and upload from there." : nil,
            "again": MustacheValue(again),
            "request_id": MustacheValue(requestID),
        ]
    }
}
