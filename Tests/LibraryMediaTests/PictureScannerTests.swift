import Testing

@testable import LibraryMedia

@Suite struct PictureScannerTests {
    /// A picture of 32 x 16 whose coded data has stuffed bytes and a restart marker, with segments before it.
    private static func picture(_ number: UInt8, segments: [UInt8] = [], end: [UInt8] = [0xFF, 0xD9]) -> [UInt8] {
        let frame: [UInt8] = [0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 32, 1, 1, 0x11, 0]
        let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, number, 0xFF, 0, 7, 0xFF, 0xD0, 9, 0xFF, 0, 1]
        return [0xFF, 0xD8] + segments + [0xFF, 0xFE, 0, 3, number] + frame + scan + end
    }

    /// Takes bytes a few at a time; returns the pictures, and the number of bytes that had come when each was found.
    private static func scan(_ bytes: [UInt8], step: Int) -> [(picture: [UInt8], at: Int)] {
        var (scanner, buffer, found, came) = (PictureScanner(), [UInt8](), [(picture: [UInt8], at: Int)](), 0)
        for start in stride(from: 0, to: bytes.count, by: step) {
            buffer += bytes[start..<min(start + step, bytes.count)]
            came = min(start + step, bytes.count)
            while let picture = buffer.withUnsafeBytes({ scanner.next(in: $0) }) {
                #expect(picture.width == 32 && picture.height == 16)
                found.append((Array(buffer[picture.range]), came))
            }
            let gone = min(scanner.neededFrom, buffer.count)
            buffer.removeFirst(gone)
            scanner.drop(gone)
        }
        return found
    }

    private static let separators: [[UInt8]] = [
        [], Array("\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n".utf8), [0xFF, 0xFF, 0, 0xFF, 0xD8, 0],
        [0xD9, 0xFF, 0xD9, 0],
    ]

    @Test(arguments: separators, [1, 7, 1000])
    func `pictures are found whatever lies between them, each with its last byte`(between: [UInt8], step: Int) {
        let pictures = (0..<5).map { Self.picture($0) }
        var (bytes, ends) = ([UInt8](), [Int]())
        for picture in pictures {
            bytes += between + picture
            ends.append(bytes.count)
        }
        let found = Self.scan(bytes, step: step)
        #expect(found.map(\.picture) == pictures)
        #expect(zip(found, ends).allSatisfy { $0.at < $1 + step })
    }

    @Test func `a thumbnail within a picture is no picture`() {
        let thumbnail = Self.picture(9)
        let segment = [0xFF, 0xE1, 0, UInt8(thumbnail.count + 2)] + thumbnail
        let pictures = [Self.picture(1, segments: segment), Self.picture(2)]
        #expect(Self.scan(pictures[0] + pictures[1], step: 3).map(\.picture) == pictures)
    }

    @Test func `a picture of several scans is one, and one without an end ends where the next begins`() {
        let tables: [UInt8] = [0xFF, 0xC4, 0, 4, 1, 2, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 5, 6, 0xFF, 0xD9]
        let pictures = [Self.picture(1, end: tables), Self.picture(2, end: []), Self.picture(3)]
        #expect(Self.scan(pictures.flatMap { $0 }, step: 4).map(\.picture) == pictures)
    }

    @Test func `a broken picture is left out, and those around it are found`() {
        let (whole, broken) = ([Self.picture(1), Self.picture(2)], Array(Self.picture(3).prefix(16)))
        let found = Self.scan(whole[0] + broken + Array("\r\n\r\n\r\n".utf8) + whole[1], step: 5).map(\.picture)
        #expect(found == whole)
    }
}
