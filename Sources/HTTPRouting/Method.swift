/// The methods a route can have; every other one is answered with 405.
public enum Method: String, CaseIterable, Sendable, Comparable {
    /// Reads; answers HEAD as well.
    case get = "GET"
    /// Acts.
    case post = "POST"
    /// Replaces.
    case put = "PUT"
    /// Changes.
    case patch = "PATCH"
    /// Removes.
    case delete = "DELETE"

    /// By name.
    public static func < (left: Method, right: Method) -> Bool {
        left.rawValue < right.rawValue
    }
}
