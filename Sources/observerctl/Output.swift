import Glibc

/// The two ways out of the tool.
enum Output {
    /// A result, for people and programs.
    static func result(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// A result that ends with its own newline.
    static func raw(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    /// Progress, or trouble.
    static func note(_ text: String) {
        write(text + "\n", to: STDERR_FILENO)
    }

    private static func write(_ text: String, to file: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            // Nobody reads any more: there is nobody to tell either.
            guard count > 0 || errno == EINTR else { return }
            bytes = bytes.dropFirst(max(count, 0))
        }
    }
}
