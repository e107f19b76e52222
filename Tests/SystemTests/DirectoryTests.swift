import TemporaryFolders
import System
import Testing

@Suite struct DirectoryTests {
    @Test func `a directory is created once, listed, made durable and removed`() throws {
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let inner = folder.path + "/inner"
        try Directory.create(inner)
        try Directory.create(inner)
        #expect(Directory.isDirectory(inner))
        #expect(try Directory.names(in: inner).isEmpty)
        for name in ["b", "a", ".hidden"] { try File.writeDurably([], to: inner + "/" + name) }
        #expect(try Directory.names(in: inner).sorted() == [".hidden", "a", "b"])
        var lengths: [Int] = []
        try Directory.forEachName(in: inner) { lengths.append($0.count) }
        #expect(lengths.sorted() == [1, 1, 7])
        try Directory.synchronize(inner)
        #expect(throws: SystemError.self) { try Directory.remove(inner) }
        for name in try Directory.names(in: inner) { try File.remove(inner + "/" + name) }
        try Directory.remove(inner)
        try Directory.remove(inner)
        #expect(!Directory.isDirectory(inner))
    }

    @Test func `a file where a directory should be is an error`() throws {
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/file"
        try File.writeDurably([], to: path)
        #expect(throws: SystemError.self) { try Directory.create(path) }
        #expect(throws: SystemError.self) { try Directory.names(in: path) }
        #expect(throws: SystemError.self) { try Directory.synchronize(path) }
        #expect(!Directory.isDirectory(path))
    }
}
