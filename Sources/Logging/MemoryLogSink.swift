import System

/// A sink that keeps lines in memory, for tests.
public final class MemoryLogSink: LogSink {
    private let kept = Lock<[LogLine]>([])

    /// Creates an empty sink.
    public init() {}

    /// Keeps the line.
    public func write(_ line: LogLine) {
        kept.withLock { $0.append(line) }
    }

    /// The lines so far, oldest first.
    public var lines: [LogLine] {
        kept.withLock { $0 }
    }
}
