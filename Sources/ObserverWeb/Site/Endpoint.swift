package import HTTPTypes
package import ObserverCore

/// The end of a route: a handler, who can call it, and who reads its answers.
package struct Endpoint: Sendable {
    package typealias Handler = @Sendable (WebRequest) throws -> HTTPResponse

    /// The least role; nil: open to everybody.
    package let role: Role?
    /// Indicates that people see the answers in a browser, so problems are pages too.
    package let isPage: Bool
    let handler: Handler

    /// An endpoint of the API, which reports problems as `problem+json`.
    package static func api(_ role: Role?, _ handler: @escaping Handler) -> Endpoint {
        Endpoint(role: role, isPage: false, handler: handler)
    }

    /// A page or a form, which reports problems as pages.
    package static func page(_ role: Role?, _ handler: @escaping Handler) -> Endpoint {
        Endpoint(role: role, isPage: true, handler: handler)
    }
}
