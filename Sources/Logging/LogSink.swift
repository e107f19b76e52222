import Glibc
import Synchronization

/// One line of the log, before it is written.
public struct LogLine: Sendable {
    /// How much it matters.
    public let level: LogLevel
    /// What wrote it.
    public let label: String
    /// What happened: a constant sentence.
    public let message: String
    /// The facts.
    public let fields: [LogKey: LogValue]
}

/// Where lines go.
public protocol LogSink: Sendable {
    /// Writes one line. Called from any thread; must not throw and should not block.
    func write(_ line: LogLine)
}

/// Writes each line to standard error with a single `write(2)`, so that lines of several threads never mix.
public struct StandardErrorSink: LogSink {
    private let format: LogFormat

    /// Makes a sink that writes lines in `format`.
    public init(format: LogFormat) {
        self.format = format
    }

    /// Writes the line, stamped with the time in UTC.
    public func write(_ line: LogLine) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var bytes = line.render(format, seconds: now.tv_sec, nanoseconds: now.tv_nsec)
        bytes.append(UInt8(ascii: "\n"))
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                // A log that cannot be written has nobody left to tell.
                guard count > 0 || errno == EINTR else { return }
                rest = rest.dropFirst(max(count, 0))
            }
        }
    }
}

/// Keeps lines in memory, for tests.
public final class MemoryLogSink: LogSink {
    private let kept = Mutex<[LogLine]>([])

    /// Makes an empty sink.
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
