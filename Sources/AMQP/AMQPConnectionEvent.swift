/// What happens to a connection that is kept up by itself; for logs and health checks.
public enum AMQPConnectionEvent: Sendable {
    /// Connected and everything declared, or (to publish) the broker's alarm is over.
    case connected
    /// Not connected (any more); the next try comes after the pause. An error of kind `blocked` means that the connection
    /// stands and the broker's alarm is waited for.
    case disconnected(AMQPError, retryIn: Duration)
}
