import TemporaryFolders
import Glibc
import System
import Testing

@Suite struct FileTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.path + "/file" }

    /// The kind of error that a call throws; nil where it throws none.
    private func kind(_ body: () throws(SystemError) -> Void) -> SystemError.Kind? {
        do throws(SystemError) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func `a file is read whole within its bound and refused beyond it`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try File.writeDurably(bytes, to: path)
        #expect(try File.contents(of: path, limit: count) == bytes)
        #expect(try File.contents(of: path, limit: count + 1) == bytes)
        if count > 0 {
            #expect(kind { () throws(SystemError) in _ = try File.contents(of: path, limit: count - 1) } == .tooLarge)
        }
    }

    @Test func `a file without an end is refused at the bound`() {
        #expect(kind { () throws(SystemError) in _ = try File.contents(of: "/dev/zero", limit: 1000) } == .tooLarge)
    }

    @Test func `a file is replaced as a whole, and nothing is left beside it`() throws {
        try File.writeDurably(Array("first, and longer".utf8), to: path)
        try File.writeDurably(Array("second".utf8), to: path)
        #expect(try File.contents(of: path) == Array("second".utf8))
        #expect(try Directory.names(in: folder.path) == ["file"])
    }

    @Test func `a link is followed only where that was asked for`() throws {
        try File.writeDurably([1, 2, 3], to: path)
        let link = folder.path + "/link"
        #expect(symlink(path, link) == 0)
        #expect(kind { () throws(SystemError) in _ = try File.contents(of: link) } == .wrongType)
        #expect(try File.contents(of: link, followsLinks: true) == [1, 2, 3])
        #expect(try File.status(of: link)?.type == .other)
    }

    @Test func `what is not there is nil, no error to remove, and an error to read`() throws {
        #expect(try File.status(of: path) == nil)
        try File.remove(path)
        #expect(kind { () throws(SystemError) in _ = try File.contents(of: path) } == .notFound)
        #expect(kind { () throws(SystemError) in try File.rename(path, to: path + "2") } == .notFound)
        #expect(kind { () throws(SystemError) in _ = try File.contents(of: folder.path) } == .wrongType)
    }

    @Test func `bytes are read at a place, and no further than the end`() throws {
        try File.writeDurably(Array(0..<100), to: path)
        let file = try File(opening: path)
        var buffer = [UInt8](repeating: 0xFF, count: 20)
        let whole = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 50) }
        #expect(whole == 20)
        #expect(buffer == Array(50..<70))
        let rest = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 95) }
        #expect(rest == 5)
        let beyond = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 1000) }
        #expect(beyond == 0)
    }

    @Test func `pieces make up the whole`() throws {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        try File.writeDurably(bytes, to: path)
        let file = try File(opening: path)
        var pieces: [[UInt8]] = []
        try file.readPieces(of: 300) { pieces.append(Array($0)) }
        #expect(pieces.map(\.count) == [300, 300, 300, 100])
        #expect(pieces.flatMap { $0 } == bytes)
        #expect(try file.status().byteCount == 1000)
    }

    @Test func `a status tells type, length and time`() throws {
        let before = WallTime.now().seconds - 1
        try File.writeDurably([1], to: path)
        let status = try #require(try File.status(of: path))
        #expect(status.type == .regular && status.byteCount == 1)
        #expect((before...WallTime.now().seconds + 1).contains(status.modifiedAt.seconds))
        #expect(try File.status(of: folder.path)?.type == .directory)
    }
}
