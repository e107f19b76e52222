/// The files in an archive as ``ZIPArchive`` makes it.
package struct ZIPListing: Sendable {
    /// A file and its place.
    package struct File: Sendable {
        package let name: String
        package let range: Range<Int64>
    }

    package let files: [File]

    private static let directoryLimit = 16 << 20

    /// Reads the directory; nil for what is no whole archive of ours.
    ///
    /// - Throws: The error of `read`.
    package init?(size: Int64, read: (_ offset: Int64, _ count: Int) throws -> [UInt8]) throws {
        guard size >= 98 else { return nil }
        let end = try read(size - 98, 98)
        guard end.count == 98, Self.number(end, at: 0, width: 4) == 0x0606_4B50,
            Self.number(end, at: 76, width: 4) == 0x0605_4B50
        else {
            return nil
        }
        let (length, start) = (Self.number(end, at: 40, width: 8), Self.number(end, at: 48, width: 8))
        guard length <= UInt64(Self.directoryLimit), start <= UInt64(size), length == UInt64(size) - 98 - start else {
            return nil
        }
        let directory = try read(Int64(start), Int(length))
        var files: [File] = []
        var place = 0
        while place + 46 <= directory.count {
            let nameLength = Int(Self.number(directory, at: place + 28, width: 2))
            guard Self.number(directory, at: place, width: 4) == 0x0201_4B50,
                Self.number(directory, at: place + 30, width: 2) == 28,
                place + 46 + nameLength + 28 <= directory.count
            else { return nil }
            let name = String(decoding: directory[place + 46..<place + 46 + nameLength], as: UTF8.self)
            let extra = place + 46 + nameLength + 4
            let (bytes, offset) = (
                Self.number(directory, at: extra, width: 8), Self.number(directory, at: extra + 16, width: 8)
            )
            let head = UInt64(30 + nameLength + 20)
            guard bytes <= start, offset <= start, offset + head + bytes <= start else { return nil }
            let begin = Int64(offset + head)
            files.append(File(name: name, range: begin..<begin + Int64(bytes)))
            place += 46 + nameLength + 28
        }
        guard place == directory.count else { return nil }
        self.files = files
    }

    private static func number(_ bytes: [UInt8], at place: Int, width: Int) -> UInt64 {
        (0..<width).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
    }
}
