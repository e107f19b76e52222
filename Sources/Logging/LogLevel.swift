/// How much a line matters to the person who runs the system.
public enum LogLevel: String, Comparable, Sendable, CaseIterable {
    /// A packet or a row.
    case trace
    /// A step inside one operation.
    case debug
    /// A change of state an operator reads.
    case info
    /// Degraded, and being dealt with.
    case warning
    /// Data or a promise was lost; somebody has to act.
    case error

    private var rank: Int {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .warning: 3
        case .error: 4
        }
    }

    /// Orders by severity: `trace` is the least.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rank < right.rank
    }
}

/// How a line is written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-11-23T20:01:02.123Z INFO  capture: Recording camera.id=7`, for people.
    case text
    /// One JSON object a line, for programs.
    case json
}
