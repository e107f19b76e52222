import Glibc

/// The source tree, as the rules see it.
enum Tree {
    /// The root of the repository.
    static let root: String = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// A text file below the root.
    struct File: Sendable, CustomStringConvertible {
        /// Relative to the root.
        let path: String
        let lines: [Substring]

        var description: String { path }
        var text: String { lines.joined(separator: "\n") }
    }

    /// Swift files below the folders.
    static func swift(_ folders: String...) -> [File] {
        folders.flatMap { files(below: $0) }.filter { $0.hasSuffix(".swift") }.map { load($0) }
    }

    /// Files below a folder, relative to the root, sorted; names that begin with a dot are left out.
    static func files(below folder: String) -> [String] {
        var result: [String] = []
        for name in names(in: folder) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if isFolder(path) { result += files(below: path) } else { result.append(path) }
        }
        return result.sorted()
    }

    static func names(in folder: String) -> [String] {
        guard let directory = opendir("\(root)/\(folder)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat("\(root)/\(path)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func load(_ path: String) -> File {
        guard let file = fopen("\(root)/\(path)", "r") else { return File(path: path, lines: []) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        let text = String(decoding: bytes, as: UTF8.self)
        return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }

    /// The modules a file imports.
    static func imports(_ file: File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count, !line.hasPrefix(" ")
            else { return nil }
            guard
                index == 0
                    || ["public", "package", "internal", "private", "@testable", "@preconcurrency"].contains(words[0])
            else { return nil }
            return words[index + 1].split(separator: ".").first.map { String($0) }
        }
    }
}
