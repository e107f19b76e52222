/// The weight of a line for the person who runs the system.
public enum LogLevel: String, Comparable, Sendable, CaseIterable {
    /// A step inside one operation.
    case debug
    /// A change of state that an operator reads.
    case info
    /// A degradation that the program deals with by itself.
    case warning
    /// A loss of data or a broken promise; somebody has to act.
    case error

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    /// Orders by severity: `debug` is the least.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rank < right.rank
    }
}
