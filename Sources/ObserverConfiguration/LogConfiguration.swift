package import Logging

/// The level and format of a process's log.
package struct LogConfiguration: Hashable, Sendable {
    package var level: LogLevel
    package var format: LogFormat

    package init(level: LogLevel = .info, format: LogFormat = .text) {
        self.level = level
        self.format = format
    }

    /// Reads the log settings alone, with defaults for wrong ones, so that wrong settings are logged in the wanted format.
    init(lenient environment: [String: String]) {
        var reader = SettingsReader(environment)
        self = reader.log()
    }

    package func logger(_ label: String) -> Logger {
        Logger(label: label, level: level, format: format)
    }
}
