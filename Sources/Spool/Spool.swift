import Glibc
package import ObserverCore
package import System

/// The folder on a recorder's disk that holds segments until S3 has them.
///
/// ```
/// VERSION  SPOOL_ID  reserve  clock.json (the time of day that was proven last)
/// open/<id>.mp4.part + <id>.json    being written; the .json is the draft that lets a cut-off file be finished
/// ready/<id>.mp4 + <id>.json        committed: the rename of the .json is the commit
/// stored/<number>.log               receipts of uploads, kept for two days at least
/// journal/<recorder>.log            gaps and states that are not in the database yet
/// plans/<recorder>.sealed           the cameras that a recorder had last, for a start without a database
/// quarantine/                       files that do not belong to a spool; never deleted by itself
/// ```
///
/// Names are made of identifiers alone, symbolic links are never followed, and each step may be the last before a crash.
/// Several processes use one spool: each recorder writes under its own lock, and everything else is idempotent.
package struct Spool: Sendable {
    /// The version of the layout.
    static let version = "1"
    package let layout: SpoolLayout
    package var root: String { layout.root }
    /// The identity of the spool; it moves with the disk.
    package let id: SpoolID

    /// Opens a spool, creating it where the folder is missing or empty.
    ///
    /// - Throws: `SpoolError`: `.notASpool` where the folder holds something else.
    package init(at root: String) throws(SpoolError) {
        layout = SpoolLayout(root: root)
        try Files.makeDirectory(root)
        // Recorder and uploader start together, and either may be the one that creates the spool.
        let lock = try Files.lockDirectory(root)
        defer { close(lock) }
        try Spool.claim(root)
        let folders = [layout.open, layout.ready, layout.stored, layout.quarantine, layout.journal, layout.plans]
        for folder in folders { try Files.makeDirectory(folder) }
        id = try Spool.spoolID(in: root, mayCreate: true)
        try Files.syncDirectory(root)
    }

    /// Checks that the folder is a spool of this version, or makes an empty folder one.
    ///
    /// The VERSION file comes first, so that a creation that was cut off is continued by the next start.
    private static func claim(_ root: String) throws(SpoolError) {
        let path = root + "/VERSION"
        guard try Files.exists(path) else {
            // A new file system has a folder of its own, and a creation that was cut off leaves a part.
            guard try Files.names(in: root).allSatisfy({ ["lost+found", "VERSION.part"].contains($0) }) else {
                throw SpoolError(.notASpool, root, reason: "it is not empty and has no VERSION file")
            }
            return try Files.writeDurably(Array((version + "\n").utf8), to: path)
        }
        let found = line(try Files.read(path, limit: 64))
        guard found == version else {
            throw SpoolError(.notASpool, root, reason: "its VERSION is \(found), this program knows \(version)")
        }
    }

    /// Reads the identifier, or creates one.
    static func spoolID(in root: String, mayCreate: Bool) throws(SpoolError) -> SpoolID {
        let path = root + "/SPOOL_ID"
        if mayCreate, try !Files.exists(path) {
            try Files.writeDurably(Array("\(SpoolID.makeRandom())\n".utf8), to: path)
        }
        guard let id = SpoolID(line(try Files.read(path, limit: 64))) else {
            throw SpoolError(.corrupt, path, reason: "not an identifier")
        }
        return id
    }

    private static func line(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The file of a committed segment.
    package func media(_ id: SegmentID) -> String { layout.media(id) }

    // MARK: Space

    /// The room on the spool's disk.
    package func space() throws(SpoolError) -> DiskSpace {
        do throws(SystemError) {
            return try DiskSpace(at: root)
        } catch {
            throw SpoolError(error, root)
        }
    }

    private var reserve: String { root + "/reserve" }

    /// The bytes that are kept back so that open segments can be finished on a full disk: 64 MiB, on a small disk a
    /// sixteenth of it.
    private static func reserveBytes(of space: DiskSpace) -> Int64 {
        min(64 << 20, space.totalBytes / 16) & ~4095
    }

    /// The room on the spool's disk without what the reserve still needs.
    package func spaceBesideReserve() throws(SpoolError) -> DiskSpace {
        let space = try space()
        guard try Files.status(reserve) == nil else { return space }
        return DiskSpace(
            totalBytes: space.totalBytes,
            freeBytes: max(space.freeBytes - Self.reserveBytes(of: space), 0),
            totalFiles: space.totalFiles,
            freeFiles: max(space.freeFiles - 1, 0)
        )
    }

    /// Creates the reserve unless it is there, if there is room for it and as much again.
    package func keepReserve() throws(SpoolError) {
        let space = try space()
        let bytes = Self.reserveBytes(of: space)
        if let status = try Files.status(reserve), status.bytes == bytes { return }
        try Files.remove(reserve)
        guard space.freeBytes > 2 * bytes else { return }
        let file = try Files.open(reserve, O_WRONLY | O_CREAT)
        defer { close(file) }
        // Not all file systems can; the reserve is a help, not a promise.
        if posix_fallocate(file, 0, off_t(bytes)) != 0 { unlink(reserve) }
    }

    /// Deletes the reserve, so that open segments can be finished.
    package func releaseReserve() throws(SpoolError) {
        try Files.remove(reserve)
    }
}
