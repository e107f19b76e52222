import System
import Glibc

/// Reading a password.
enum PasswordInput {
    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks twice on the terminal, without showing what is typed.
    static func ask(_ prompt: String) throws -> String {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else {
            throw ToolError(.invalidInput, "the terminal cannot be used")
        }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown) }
        func read(_ prompt: String) -> String {
            Output.note(prompt)
            return readLine() ?? ""
        }
        let first = read(prompt)
        guard read("Again: ") == first else { throw ToolError(.invalidInput, "the two are not the same") }
        return first
    }

    /// The first line of standard input; nil when that is empty, or nothing comes in time.
    static func firstLine(within limit: Duration) throws -> String? {
        let end = MonotonicInstant.now() + limit
        var line: [UInt8] = []
        while line.count < 4096 {
            let left = (end - MonotonicInstant.now()).wholeMilliseconds
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let ready = poll(&input, 1, Int32(clamping: max(left, 0)))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { break }
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw ToolError(.invalidInput, "the password is not UTF-8")
        }
        return text.isEmpty ? nil : text
    }
}
