import Encodings
public import HTTPTypes

/// Finds the endpoint of a request by method and path.
///
/// `Endpoint` is what a route leads to, such as a handler with the rights that it asks for. The router never looks into it:
///
///     var router = Router<Endpoint>()
///     router.add(.get, "/cameras/{id:int}", to: Endpoint(role: .viewer, handler: show))
///     let match = try router.match(request)
public struct Router<Endpoint: Sendable>: Sendable {
    /// A method and a pattern with what they lead to.
    public struct Route: Sendable {
        /// The method; a route of GET answers HEAD as well.
        public let method: HTTPMethod
        /// The path.
        public let pattern: PathPattern
        /// The destination of the route.
        public let endpoint: Endpoint
    }

    /// A request's route with the parameters of its path.
    public struct Match: Sendable {
        /// The route's endpoint.
        public let endpoint: Endpoint
        /// The parameters of the path.
        public let parameters: PathParameters
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
    ///   - method: The method; GET answers HEAD too.
    ///   - pattern: The path; see ``PathPattern``.
    ///   - endpoint: What the route leads to.
    public mutating func add(_ method: HTTPMethod, _ pattern: String, to endpoint: Endpoint) {
        let route = Route(method: method, pattern: PathPattern(pattern), endpoint: endpoint)
        routes.append(route)
        let length = route.pattern.segments.count
        while byLength.count <= length { byLength.append([]) }
        byLength[length].append(route)
    }

    /// Finds the route of a request.
    ///
    /// - Parameter request: The request; only its method and path count.
    /// - Returns: The endpoint, and the parameters of the path.
    /// - Throws: ``Problem`` 404 where no route has the path, 405 with `Allow` where none has the method.
    public func match(_ request: HTTPRequest) throws(Problem) -> Match {
        guard let path = Self.segments(request.path), path.count < byLength.count else {
            throw Problem(404, "There is nothing at this address.")
        }
        let method = request.method == .head ? .get : request.method
        var allowed: Set<HTTPMethod> = []
        for route in byLength[path.count] {
            guard let parameters = route.pattern.match(path) else { continue }
            if route.method == method { return Match(endpoint: route.endpoint, parameters: parameters) }
            allowed.insert(route.method)
        }
        guard !allowed.isEmpty else { throw Problem(404, "There is nothing at this address.") }
        var names = allowed.sorted().map(\.rawValue)
        if allowed.contains(.get) { names.append("HEAD") }
        let name = request.method.rawValue
        throw Problem(405, "This address does not take \(name.isEmpty ? "this method" : name).")
            .with(.allow, names.joined(separator: ", "))
    }

    /// The decoded segments of a path, without the one a trailing slash makes; nil when it can't be decoded.
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
