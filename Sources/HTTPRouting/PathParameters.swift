/// The values of a path's parameters.
public struct PathParameters: Sendable {
    var values: [(name: String, text: String)] = []

    /// The parameters of a path without any.
    public init() {}

    /// The text of a parameter.
    ///
    /// - Precondition: The route's pattern has a parameter of this name.
    public func text(_ name: String) -> String {
        guard let value = values.first(where: { $0.name == name }) else {
            preconditionFailure("the route has no parameter \(name)")
        }
        return value.text
    }

    /// The number of an `int` parameter.
    ///
    /// - Precondition: The route's pattern has an `int` parameter of this name.
    public func int(_ name: String) -> Int64 {
        guard let number = Int64(text(name)) else { preconditionFailure("the parameter \(name) is not an int") }
        return number
    }
}
