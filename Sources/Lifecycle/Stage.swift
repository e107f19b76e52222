/// Services that start together, after the stages before them, and stop together, before those.
public struct Stage: Sendable {
    /// The name in logs.
    public let name: String
    /// Time from the stop after which the group no longer waits for the services.
    public let shutdownLimit: Duration
    /// The services; each runs on a thread of its own.
    public let services: [any Service]

    /// Creates a stage; `shutdownLimit` is the time from the stop until the services must have returned.
    public init(_ name: String, shutdownLimit: Duration, services: [any Service]) {
        self.name = name
        self.shutdownLimit = shutdownLimit
        self.services = services
    }
}
