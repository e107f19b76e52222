/// One line of the log, before it is written.
public struct LogLine: Sendable {
    /// The weight of the line.
    public let level: LogLevel
    /// The program or part that logs.
    public let label: String
    /// The event, in constant words.
    public let message: String
    /// The facts.
    public let fields: [LogKey: LogValue]
}
