/// What happens to a connection that is kept up by itself; for logs and health checks.
public enum SessionEvent: Sendable {
    /// Connected and everything declared.
    case connected
    /// Not connected (any more); the next try comes after the pause.
    case disconnected(AMQPError, retryIn: Duration)
}
