/// A destination of lines.
public protocol LogSink: Sendable {
    /// Writes one line. Called from any thread; must not throw and should not block.
    func write(_ line: LogLine)
}
