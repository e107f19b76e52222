import Glibc
import System
import TemporaryFolders
import Testing

@Suite struct DirectoryWatchTests {
    private let folder = TemporaryFolder()

    private func create(_ path: String) throws {
        _ = try File(opening: path, flags: O_WRONLY | O_CREAT)
    }

    @Test func `files that are moved in are reported, others not, and the end as well`() throws {
        try Directory.create(folder.path)
        let watched = folder.path + "/watched"
        try Directory.create(watched)
        var watch = try DirectoryWatch(watched)
        try create(watched + "/created")
        for name in ["a", "b"] {
            try create(folder.path + "/" + name)
            try File.rename(folder.path + "/" + name, to: watched + "/" + name)
        }
        let changes = try watch.wait(within: .seconds(5))
        #expect(changes.names == ["a", "b"])
        #expect(!changes.hasMissed && !changes.hasEnded)
        try File.rename(watched, to: folder.path + "/elsewhere")
        let end = try watch.wait(within: .seconds(5))
        #expect(end.hasEnded)
    }

    @Test func `nothing is reported when nothing happens, and a folder that is not there cannot be watched`() throws {
        try Directory.create(folder.path)
        var watch = try DirectoryWatch(folder.path)
        let changes = try watch.wait(within: .milliseconds(20))
        #expect(changes.names.isEmpty && !changes.hasEnded)
        #expect(throws: SystemError.self) { _ = try DirectoryWatch(folder.path + "/none") }
    }
}
