import Encodings
public import HTTPTypes

/// Finds the handler of a request.
///
/// A router is built once and shared by all threads. Each passes a context of its own, which handlers need besides the
/// request: a thread's database connection, for example.
public struct Router<Context>: Sendable {
    /// Responds to a request; ``respond(to:context:)`` passes its errors on.
    public typealias Handler = @Sendable (HTTPRequest, PathParameters, Context) throws -> HTTPResponse

    /// A method and a pattern with its handler.
    public struct Route: Sendable {
        /// The method.
        public let method: HTTPMethod
        /// The path.
        public let pattern: PathPattern
        let handler: Handler
    }

    /// All routes in the order in which they were added; of two that match, the first one counts.
    public private(set) var routes: [Route] = []
    /// The routes by the number of their segments.
    private var byLength: [[Route]] = []

    /// Creates a router without routes.
    public init() {}

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - method: The method; GET includes HEAD.
    ///   - pattern: The path; see ``PathPattern``.
    ///   - handler: The handler of its requests.
    public mutating func add(_ method: HTTPMethod, _ pattern: String, _ handler: @escaping Handler) {
        let route = Route(method: method, pattern: PathPattern(pattern), handler: handler)
        routes.append(route)
        let length = route.pattern.segments.count
        while byLength.count <= length { byLength.append([]) }
        byLength[length].append(route)
    }

    /// Responds to a request by its route.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: The context for the handler.
    /// - Returns: The handler's response.
    /// - Throws: ``Problem`` 404 where no route has the path, 405 with `Allow` where none has the method; the errors of the
    ///   handler.
    public func respond(to request: HTTPRequest, context: Context) throws -> HTTPResponse {
        guard let path = Self.segments(request.path), path.count < byLength.count else {
            throw Problem(404, "There is nothing at this address.")
        }
        let method = request.method == .head ? .get : request.method
        var allowed: Set<HTTPMethod> = []
        for route in byLength[path.count] {
            guard let parameters = route.pattern.match(path) else { continue }
            if route.method == method { return try route.handler(request, parameters, context) }
            allowed.insert(route.method)
        }
        guard !allowed.isEmpty else { throw Problem(404, "There is nothing at this address.") }
        var names = allowed.sorted().map(\.rawValue)
        if allowed.contains(.get) { names.append("HEAD") }
        let name = request.method.rawValue
        throw Problem(405, "This address does not take \(name.isEmpty ? "this method" : name).")
            .with(.allow, names.joined(separator: ", "))
    }

    /// The decoded segments of a path, without an empty one after a trailing slash; nil where it cannot be decoded.
    private static func segments(_ path: String) -> [[UInt8]]? {
        let bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "/") else { return nil }
        var parts = bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        var segments: [[UInt8]] = []
        segments.reserveCapacity(parts.count)
        for part in parts {
            guard part.contains(UInt8(ascii: "%")) else {
                segments.append(Array(part))
                continue
            }
            guard let decoded = PercentEncoding.decode(part), !decoded.contains(0) else { return nil }
            segments.append(decoded)
        }
        return segments
    }
}
