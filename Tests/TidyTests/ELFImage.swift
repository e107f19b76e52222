import System

/// The dynamic section of a 64-bit little-endian ELF file: the libraries that it needs and the symbols that it exports.
struct ELFImage {
    let libraries: [String]
    let exports: Set<String>

    private struct Section {
        let type: UInt32
        let offset: Int64
        let size: Int
        let link: Int
    }

    /// Returns nil where the file is no such image.
    init?(_ path: String) throws {
        let file = try File(opening: path, followsLinks: true)
        func bytes(_ offset: Int64, _ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let filled = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
            return Array(bytes.prefix(filled))
        }
        func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> Int {
            (0..<width).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
        }
        let header = try bytes(0, 64)
        guard header.count == 64, header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
        let table = try bytes(Int64(number(header, 0x28, 8)), number(header, 0x3C, 2) * 64)
        let sections = stride(from: 0, to: table.count, by: 64).map { place in
            Section(
                type: UInt32(number(table, place + 4, 4)),
                offset: Int64(number(table, place + 0x18, 8)),
                size: number(table, place + 0x20, 8),
                link: number(table, place + 0x28, 4)
            )
        }
        /// The entries of a section and the strings that they point into.
        func content(type: UInt32, width: Int) throws -> [(entry: [UInt8], name: (Int) -> String)] {
            guard let section = sections.first(where: { $0.type == type }) else { return [] }
            let texts = try bytes(sections[section.link].offset, sections[section.link].size)
            let entries = try bytes(section.offset, section.size)
            func name(_ offset: Int) -> String { String(decoding: texts[offset...].prefix { $0 != 0 }, as: UTF8.self) }
            return stride(from: 0, to: entries.count, by: width).map { (Array(entries[$0..<($0 + width)]), name) }
        }
        // DT_NEEDED in SHT_DYNAMIC; defined symbols in SHT_DYNSYM.
        libraries = try content(type: 6, width: 16).filter { number($0.entry, 0, 8) == 1 }
            .map { $0.name(number($0.entry, 8, 8)) }
        exports = Set(
            try content(type: 11, width: 24).filter { number($0.entry, 6, 2) != 0 }
                .map { $0.name(number($0.entry, 0, 4)) }
        )
    }
}
