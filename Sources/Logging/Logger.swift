/// Writes constant messages with fields, to standard error or to a sink of one's choice.
///
/// Shaped like swift-log's `Logger`, so that it can be replaced by it. A value: children made by `with` carry their own
/// fields and share the sink.
public struct Logger: Sendable {
    /// What wrote the line: `capture`, `web`.
    public let label: String
    /// Lines below this level are not written.
    public let level: LogLevel
    private let sink: any LogSink
    private let fields: [LogKey: LogValue]

    /// Makes a logger that writes lines to standard error.
    public init(label: String, level: LogLevel = .info, format: LogFormat = .text) {
        self.init(label: label, level: level, sink: StandardErrorSink(format: format))
    }

    /// Makes a logger that writes to `sink`.
    public init(label: String, level: LogLevel, sink: any LogSink) {
        self.init(label: label, level: level, sink: sink, fields: [:])
    }

    private init(label: String, level: LogLevel, sink: any LogSink, fields: [LogKey: LogValue]) {
        self.label = label
        self.level = level
        self.sink = sink
        self.fields = fields
    }

    /// A logger that adds `fields` to each line.
    public func with(_ fields: [LogKey: LogValue]) -> Logger {
        Logger(label: label, level: level, sink: sink, fields: self.fields.merging(fields) { _, new in new })
    }

    /// Writes a line about a packet or a row.
    public func trace(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.trace, message, fields)
    }

    /// Writes a line about a step.
    public func debug(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.debug, message, fields)
    }

    /// Writes a line about a change of state.
    public func info(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.info, message, fields)
    }

    /// Writes a line about something degraded.
    public func warning(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.warning, message, fields)
    }

    /// Writes a line about a loss.
    public func error(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.error, message, fields)
    }

    private func log(_ level: LogLevel, _ message: String, _ fields: () -> [LogKey: LogValue]) {
        guard level >= self.level else { return }
        let all = self.fields.merging(fields()) { _, new in new }
        sink.write(LogLine(level: level, label: label, message: message, fields: all))
    }
}
