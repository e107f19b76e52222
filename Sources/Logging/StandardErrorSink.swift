import Glibc
import System

/// A sink that writes each line to standard error with a single `write(2)`, so that lines of several threads never mix.
public struct StandardErrorSink: LogSink {
    private let format: LogFormat

    /// Creates a sink that writes lines in `format`.
    public init(format: LogFormat) {
        self.format = format
    }

    /// Writes the line with the present time in UTC.
    public func write(_ line: LogLine) {
        var bytes = line.rendered(as: format, at: .now())
        bytes.append(UInt8(ascii: "\n"))
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                // There is nowhere left to report that the log cannot be written.
                guard count > 0 || errno == EINTR else { return }
                rest = rest.dropFirst(max(count, 0))
            }
        }
    }
}
