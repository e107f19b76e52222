import ObserverConfiguration
import ObserverExport
import System

extension Command {
    static let verify = Command(
        name: "verify",
        usage: "FILE… [--key FINGERPRINT]",
        summary: "Check exported files: that nothing was changed, added or left out since they were exported.",
        details: """
            FILE is an MP4 of an export, or an archive with several. Each segment in it is compared with what was recorded,
            and the manifest with its signature. Anybody can sign with a key of their own: only with --key, or where the
            fingerprint that is printed is that of GET /api/v1/exports/key, the file is known to come from this installation.
            It needs neither settings nor a server. Exit code 1 when a file is not as it was exported.
            """,
        options: ["--key"],
        words: 1...1000,
        run: { arguments, _ in
            var isGood = true
            for path in arguments.words {
                if try !Verification(path: path, key: arguments.value("--key")).run() { isGood = false }
            }
            return isGood ? .done : .failed
        }
    )
}

/// The check of one file, with its results on standard output.
private struct Verification {
    let path: String
    let key: String?

    func run() throws -> Bool {
        let file = try File(opening: path, followsLinks: true)
        let size = try file.status().byteCount
        func read(_ offset: Int64, _ count: Int) throws -> [UInt8] {
            var failure: SystemError?
            let bytes = [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
                do throws(SystemError) {
                    filled = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            return bytes
        }
        guard try read(0, 4) == Array("PK\u{3}\u{4}".utf8) else {
            return tell(try ExportVerifier.verify(size: size, key: key, read: read), of: path)
        }
        guard let archive = try ZIPListing(size: size, read: read) else {
            Output.result("FAIL  \(path)\n      the archive is cut, or none of Observer")
            return false
        }
        var isGood = true
        let videos = archive.files.filter { $0.name.hasSuffix(".mp4") }
        for video in videos {
            let report = try ExportVerifier.verify(size: Int64(video.range.count), key: key) { offset, count in
                let start = min(video.range.lowerBound + offset, video.range.upperBound)
                return try read(start, Int(min(Int64(count), video.range.upperBound - start)))
            }
            if !tell(report, of: "\(path): \(video.name)") { isGood = false }
        }
        if videos.isEmpty { Output.result("FAIL  \(path)\n      there is no export in the archive") }
        return isGood && !videos.isEmpty
    }

    private func tell(_ report: ExportVerifier.Report, of name: String) -> Bool {
        Output.result("\(report.isGood ? "ok  " : "FAIL")  \(name)")
        for problem in report.problems { Output.result("      \(problem)") }
        for fact in report.facts { Output.result("      \(fact)") }
        if !report.fingerprint.isEmpty {
            let word = key == nil ? " (compare it with GET /api/v1/exports/key)" : ""
            Output.result("      signed with the key \(report.fingerprint)\(word)")
        }
        return report.isGood
    }
}
