import Encodings
package import ObserverCore

/// A ZIP archive whose files are stored as they are and whose length is known before their bytes (APPNOTE 6.3, with ZIP64).
package struct ZIPArchive: Sendable {
    /// A file in the archive.
    package struct Entry: Sendable {
        package var name: String
        package var bytes: Int64

        package init(name: String, bytes: Int64) {
            self.name = name
            self.bytes = bytes
        }
    }

    package let entries: [Entry]
    /// The time of all files.
    private let moment: Timestamp

    /// Creates an archive.
    package init(_ entries: [Entry], at moment: Timestamp) {
        self.entries = entries
        self.moment = moment
    }

    /// The length of the archive.
    package var bytes: Int64 {
        let files = entries.reduce(Int64(0)) { sum, entry in
            sum + entry.bytes + Int64(30 + 20 + 24) + Int64(46 + 28) + 2 * Int64(entry.name.utf8.count)
        }
        return files + 56 + 20 + 22
    }

    /// The header of a file.
    package func header(_ number: Int) -> [UInt8] {
        let entry = entries[number]
        var writer = LittleEndianWriter()
        writer.append(UInt32(0x0403_4B50))
        appendFacts(to: &writer)
        // The checksum follows the file, and so do the sizes.
        for _ in 0..<3 { writer.append(UInt32(0)) }
        appendNameSizes(to: &writer, entry, extra: 20)
        // With the field for large files, the descriptor that follows has sizes of eight bytes.
        writer.append(UInt16(1))
        writer.append(UInt16(16))
        writer.append(UInt64(0))
        writer.append(UInt64(0))
        return writer.bytes
    }

    /// The descriptor that follows a file.
    package func descriptor(_ number: Int, crc: UInt32) -> [UInt8] {
        var writer = LittleEndianWriter()
        writer.append(UInt32(0x0807_4B50))
        writer.append(crc)
        writer.append(UInt64(entries[number].bytes))
        writer.append(UInt64(entries[number].bytes))
        return writer.bytes
    }

    /// The directory at the end.
    package func directory(crcs: [UInt32]) -> [UInt8] {
        var writer = LittleEndianWriter()
        var offset: UInt64 = 0
        for (entry, crc) in zip(entries, crcs) {
            writer.append(UInt32(0x0201_4B50))
            // Made on Unix, by version 4.5.
            writer.append(UInt16(0x032D))
            appendFacts(to: &writer)
            writer.append(crc)
            writer.append(UInt32.max)
            writer.append(UInt32.max)
            appendNameSizes(to: &writer, entry, extra: 28, isLast: false)
            writer.append(UInt16(0))
            writer.append(UInt16(0))
            writer.append(UInt16(0))
            writer.append(UInt32(0o100_644) << 16)
            writer.append(UInt32.max)
            writer.append(Array(entry.name.utf8))
            writer.append(UInt16(1))
            writer.append(UInt16(24))
            writer.append(UInt64(entry.bytes))
            writer.append(UInt64(entry.bytes))
            writer.append(offset)
            offset += UInt64(entry.bytes) + 30 + 20 + 24 + UInt64(entry.name.utf8.count)
        }
        appendEnd(to: &writer, directory: offset, bytes: UInt64(writer.bytes.count))
        return writer.bytes
    }

    private func appendEnd(to writer: inout LittleEndianWriter, directory: UInt64, bytes: UInt64) {
        writer.append(UInt32(0x0606_4B50))
        writer.append(UInt64(44))
        writer.append(UInt16(0x032D))
        writer.append(UInt16(45))
        writer.append(UInt32(0))
        writer.append(UInt32(0))
        writer.append(UInt64(entries.count))
        writer.append(UInt64(entries.count))
        writer.append(bytes)
        writer.append(directory)
        writer.append(UInt32(0x0706_4B50))
        writer.append(UInt32(0))
        writer.append(directory + bytes)
        writer.append(UInt32(1))
        writer.append(UInt32(0x0605_4B50))
        writer.append(UInt16(0))
        writer.append(UInt16(0))
        writer.append(UInt16.max)
        writer.append(UInt16.max)
        writer.append(UInt32.max)
        writer.append(UInt32.max)
        writer.append(UInt16(0))
    }

    /// Appends version, flags (sizes follow, names are UTF-8), method and time.
    private func appendFacts(to writer: inout LittleEndianWriter) {
        let date = moment.date
        writer.append(UInt16(45))
        writer.append(UInt16(0x0808))
        writer.append(UInt16(0))
        writer.append(UInt16(date.hour << 11 | date.minute << 5 | date.second / 2))
        writer.append(UInt16(min(max(date.year - 1980, 0), 127) << 9 | date.month << 5 | date.day))
    }

    private func appendNameSizes(
        to writer: inout LittleEndianWriter,
        _ entry: Entry,
        extra: UInt16,
        isLast: Bool = true
    ) {
        writer.append(UInt16(clamping: entry.name.utf8.count))
        writer.append(extra)
        if isLast { writer.append(Array(entry.name.utf8)) }
    }
}

/// Builds the records of a ZIP archive.
private struct LittleEndianWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ number: some FixedWidthInteger & BitwiseCopyable) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ more: [UInt8]) {
        bytes += more
    }
}
