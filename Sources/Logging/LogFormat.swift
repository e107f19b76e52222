/// The form of a written line.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-11-23T20:01:02.123Z INFO    capture: Camera state changed camera.id=7`, for people.
    case text
    /// One JSON object a line, for programs.
    case json
}
