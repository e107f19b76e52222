import Crypto
import Glibc

/// One numbered step of the schema: a file `NNNN_name.sql`.
package struct Migration: Hashable, Sendable {
    package let version: Int
    package let name: String
    package let text: String
    /// SHA-256 of the text in hex.
    package let checksum: String

    package init(version: Int, name: String, text: String) {
        self.version = version
        self.name = name
        self.text = text
        checksum = SHA256.hex(text.utf8)
    }

    /// Reads all migrations of a directory, in order.
    ///
    /// - Parameter directory: Its files `NNNN_name.sql` count, numbered from 1 without a gap; others are passed over.
    /// - Returns: The migrations.
    /// - Throws: `unreadable`, `misnumbered`.
    package static func load(from directory: String) throws(MigrationError) -> [Migration] {
        guard let stream = opendir(directory) else { throw MigrationError(.unreadable, path: directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".sql") { names.append(name) }
        }
        var migrations: [Migration] = []
        for name in names.sorted() {
            let path = "\(directory)/\(name)"
            let parts = name.dropLast(4).split(separator: "_", maxSplits: 1)
            guard parts.count == 2, parts[0].utf8.count == 4, let version = Int(parts[0]),
                version == migrations.count + 1
            else { throw MigrationError(.misnumbered, path: path) }
            guard let text = read(path) else { throw MigrationError(.unreadable, path: path) }
            migrations.append(Migration(version: version, name: String(parts[1]), text: text))
        }
        guard !migrations.isEmpty else { throw MigrationError(.unreadable, path: directory) }
        return migrations
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? String(validating: bytes, as: UTF8.self) : nil }
            bytes += chunk[..<count]
        }
    }
}
