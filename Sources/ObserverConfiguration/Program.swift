/// A program that reads settings.
package enum Program: String, CaseIterable, Sendable {
    /// The command `./observer` and its scripts.
    case command = "./observer"
    case web = "observer-web"
    case capture = "observer-capture"
    case upload = "observer-upload"
    case retention = "observer-retention"
    case tool = "observerctl"

    /// The name of its log lines.
    package var label: String {
        switch self {
        case .command: "observer"
        case .web: "web"
        case .capture: "capture"
        case .upload: "upload"
        case .retention: "retention"
        case .tool: "observerctl"
        }
    }
}
