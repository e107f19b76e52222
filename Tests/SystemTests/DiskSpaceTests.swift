import TemporaryFolders
import Errors
import System
import Testing

@Suite struct DiskSpaceTests {
    @Test func `a file system tells bytes and files`() throws {
        // /proc has no blocks; where files are kept, there are some.
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let space = try DiskSpace(at: folder.path)
        #expect(space.totalBytes > 0)
        #expect((0...space.totalBytes).contains(space.freeBytes))
        #expect((0...space.totalFiles).contains(space.freeFiles))
    }

    @Test func `a path that is not there is an error of that kind`() {
        #expect(throws: SystemError.self) { try DiskSpace(at: "/no-such-folder") }
        do throws(SystemError) {
            _ = try DiskSpace(at: "/no-such-folder")
        } catch {
            #expect(error.kind == .notFound)
            #expect(!error.isTemporary)
            #expect(error.description == "notFound: statvfs /no-such-folder: No such file or directory")
        }
    }
}
