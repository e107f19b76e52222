/// Writes constant messages with fields, to standard error or to another sink.
///
/// Shaped like swift-log's `Logger`, so that it can be replaced by it. A value: children created by `with` carry fields of
/// their own and share the sink.
///
///     let logger = Logger(label: "capture").with([.cameraID: 7])
///     logger.info("Camera state changed", [.cameraState: "recording"])
public struct Logger: Sendable {
    /// The program or part that logs: `capture`, `web`.
    public let label: String
    /// The least level that is written.
    public let level: LogLevel
    private let sink: any LogSink
    private let fields: [LogKey: LogValue]

    /// Creates a logger that writes lines to standard error.
    public init(label: String, level: LogLevel = .info, format: LogFormat = .text) {
        self.init(label: label, level: level, sink: StandardErrorSink(format: format))
    }

    /// Creates a logger that writes to `sink`.
    public init(label: String, level: LogLevel, sink: any LogSink) {
        self.init(label: label, level: level, sink: sink, fields: [:])
    }

    private init(label: String, level: LogLevel, sink: any LogSink, fields: [LogKey: LogValue]) {
        self.label = label
        self.level = level
        self.sink = sink
        self.fields = fields
    }

    /// Returns a logger that adds `fields` to each line.
    public func with(_ fields: [LogKey: LogValue]) -> Logger {
        Logger(label: label, level: level, sink: sink, fields: self.fields.merging(fields) { _, new in new })
    }

    /// Writes a line about a step inside one operation.
    public func debug(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.debug, message, fields: fields)
    }

    /// Writes a line about a change of state.
    public func info(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.info, message, fields: fields)
    }

    /// Writes a line about a degradation.
    public func warning(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.warning, message, fields: fields)
    }

    /// Writes a line about a loss.
    public func error(_ message: String, _ fields: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.error, message, fields: fields)
    }

    private func log(_ level: LogLevel, _ message: String, fields: () -> [LogKey: LogValue]) {
        guard level >= self.level else { return }
        let all = self.fields.merging(fields()) { _, new in new }
        sink.write(LogLine(level: level, label: label, message: message, fields: all))
    }
}
