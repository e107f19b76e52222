/// The words after the name of a command.
struct Arguments: Sendable {
    private(set) var words: [String] = []
    private var values: [String: String] = [:]

    /// Takes the arguments apart: `--option value`, `--option=value`, `--flag`; after `--` all are words.
    init(_ arguments: [String], of command: Command) throws {
        func wrong(_ text: String) -> UsageError { UsageError(command: command.name, text) }
        var rest = arguments[...]
        var isLiteral = false
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--"), !isLiteral else {
                words.append(argument)
                continue
            }
            guard argument != "--" else {
                isLiteral = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = parts[0]
            if command.flags.contains(name), parts.count == 1 {
                values[name] = ""
            } else if command.options.contains(name) {
                guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
                    throw wrong("\(name) needs a value")
                }
                values[name] = value
            } else {
                throw wrong("\(command.name) does not know '\(argument)'")
            }
        }
        guard words.count >= command.words.lowerBound else { throw wrong("\(command.name) needs \(command.usage)") }
        guard words.count <= command.words.upperBound else {
            throw wrong("'\(words[command.words.upperBound])' is one word too many")
        }
    }

    func value(_ option: String) -> String? { values[option] }

    func has(_ flag: String) -> Bool { values[flag] != nil }
}
