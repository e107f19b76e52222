import Crypto
import Encodings
import MP4

/// Checks a file of an export against its manifest, and the manifest against its signature.
package struct ExportVerifier {
    /// Reads bytes of the file; fewer where it ends before.
    package typealias Reader = (_ offset: Int64, _ count: Int) throws -> [UInt8]

    /// The result of a check.
    package struct Report: Sendable {
        /// The faults, for people; empty where nothing is.
        package var problems: [String] = []
        /// The facts about the file, for people.
        package var facts: [String] = []
        /// That of the key with which it was signed; empty without a signature.
        package var fingerprint = ""

        package var isGood: Bool { problems.isEmpty }
    }

    private static let manifestLimit = 64 << 20
    private static let chunk = 1 << 20

    private let size: Int64
    private let read: Reader
    private var report = Report()

    private init(size: Int64, read: @escaping Reader) {
        self.size = size
        self.read = read
    }

    /// Checks a file.
    ///
    /// - Parameters:
    ///   - size: The length of the file.
    ///   - key: The fingerprint of the key with which it must be signed; nil for any.
    ///   - read: Reads it.
    /// - Returns: The result.
    /// - Throws: The error of `read`.
    package static func verify(size: Int64, key: String?, read: @escaping Reader) throws -> Report {
        var verifier = ExportVerifier(size: size, read: read)
        try verifier.run(key: key)
        return verifier.report
    }

    private mutating func run(key: String?) throws {
        guard let place = try findManifest() else {
            report.problems.append("it has no manifest: it is no export of Observer, or its beginning was changed")
            return
        }
        let text = try read(place.lowerBound, place.count)
        guard let manifest = check(signatureOf: text, key: key) else { return }
        let boxStart = place.lowerBound - 24
        describe(manifest)
        if try hash(0..<boxStart) != manifest.text("file", "movie_sha256") {
            report.problems.append("the head of the file was changed (what is shown, and when)")
        }
        let indexBytes = min(max(manifest.number("file", "index_bytes") ?? 0, 0), size - place.upperBound)
        let index = place.upperBound..<place.upperBound + indexBytes
        if try hash(index) != manifest.text("file", "index_sha256") {
            report.problems.append("the index of the file was changed")
        }
        try check(segmentsOf: manifest, from: index.upperBound)
    }

    /// The place of the manifest's text: the content of the first box with the identifier.
    private func findManifest() throws -> Range<Int64>? {
        var offset: Int64 = 0
        while offset + 24 <= size, offset < Int64(Self.manifestLimit) {
            let header = try read(offset, 24)
            guard header.count == 24 else { return nil }
            let length = header.prefix(4).reduce(Int64(0)) { $0 << 8 | Int64($1) }
            guard length >= 8, length <= size - offset else { return nil }
            if header[4..<8].elementsEqual("uuid".utf8), Array(header[8...]) == ExportPart.manifestIdentifier {
                return length <= Int64(Self.manifestLimit) ? offset + 24..<offset + length : nil
            }
            offset += length
        }
        return nil
    }

    private mutating func check(signatureOf text: [UInt8], key: String?) -> ExportAccount? {
        guard let parts = ExportManifest.split(text), let manifest = ExportAccount(parts.signed),
            let signature = ExportAccount(parts.signature)
        else {
            report.problems.append("the manifest cannot be read: it was changed")
            return nil
        }
        guard manifest.text("format") == ExportManifest.format else {
            report.problems.append("the manifest has a format that this program does not know")
            return nil
        }
        let publicKey = signature.text("key").flatMap { [UInt8](base64: $0) } ?? []
        let value = signature.text("value").flatMap { [UInt8](base64: $0) } ?? []
        report.fingerprint = publicKey.count == 32 ? ExportManifest.fingerprint(of: publicKey) : ""
        guard SigningKey.isSignature(value, of: parts.signed, by: publicKey) else {
            report.problems.append("the signature does not fit: the manifest was changed")
            return nil
        }
        if let key, Self.digits(key) != Self.digits(report.fingerprint) {
            report.problems.append("it is signed with another key: \(report.fingerprint)")
        }
        return manifest
    }

    private static func digits(_ text: String) -> String { text.lowercased().filter(\.isHexDigit) }

    private mutating func describe(_ manifest: ExportAccount) {
        let camera = manifest.text("camera", "name") ?? "?"
        report.facts.append("camera \(manifest.number("camera", "id") ?? 0), \(camera)")
        report.facts.append("from \(manifest.text("from") ?? "?") to \(manifest.text("to") ?? "?")")
        report.facts.append("asked for by \(manifest.text("asked_by") ?? "?") at \(manifest.text("asked_at") ?? "?")")
        let gaps = manifest.list("gaps").count + manifest.list("unexplained").count
        report.facts.append(
            "segments: \(manifest.list("segments").count), gaps: \(gaps), missing: \(manifest.list("missing").count)"
        )
    }

    // MARK: Segments

    private mutating func check(segmentsOf manifest: ExportAccount, from start: Int64) throws {
        let segments = manifest.list("segments").map(ExportAccount.Segment.init)
        var text = SHA256Hasher()
        var offset = start
        var areAllThere = true
        for (number, segment) in segments.enumerated() {
            guard let segment else {
                report.problems.append("the manifest has a segment that cannot be read")
                return
            }
            let end = offset + segment.textBytes + segment.fileBytes
            let isWhole = end <= size
            if isWhole, try isGood(segment, at: offset + segment.textBytes) {
                text.update(try bytes(offset..<offset + segment.textBytes))
                offset = end
                continue
            }
            areAllThere = false
            // Where it was taken out, the next one is in its place.
            if number + 1 < segments.count, let next = segments[number + 1],
                offset + next.textBytes + next.fileBytes <= size, try isGood(next, at: offset + next.textBytes)
            {
                report.problems.append("segment \(segment.words) is missing")
                continue
            }
            guard isWhole else {
                report.problems.append(
                    "the file is cut: it ends within segment \(segment.words), and \(segments.count - number - 1) more are missing"
                )
                return
            }
            report.problems.append("segment \(segment.words) was changed")
            offset = end
        }
        if size > offset { report.problems.append("\(size - offset) bytes were added at the end") }
        if areAllThere, text.finalize().hex != manifest.text("file", "text_sha256") {
            report.problems.append("the subtitles were changed")
        }
    }

    /// Takes the changes of a segment back and compares it with what was recorded.
    private func isGood(_ segment: ExportAccount.Segment, at offset: Int64) throws -> Bool {
        let range = offset..<offset + segment.fileBytes
        if let part = segment.partSHA256 { return try hash(range) == part }
        guard segment.fileBytes == segment.bytes else { return false }
        var hasher = SHA256Hasher()
        var patcher = SegmentPatcher(segment.patch.undone)
        for piece in Self.pieces(range) {
            var output: [UInt8] = []
            do {
                try patcher.append(try read(piece.lowerBound, piece.count), to: &output)
            } catch is MP4Error {
                return false
            }
            hasher.update(output)
        }
        return patcher.isBetweenBoxes && hasher.finalize().hex == segment.sha256
    }

    private func hash(_ range: Range<Int64>) throws -> String {
        var hasher = SHA256Hasher()
        for piece in Self.pieces(range) { hasher.update(try read(piece.lowerBound, piece.count)) }
        return hasher.finalize().hex
    }

    private func bytes(_ range: Range<Int64>) throws -> [UInt8] {
        try read(range.lowerBound, range.count)
    }

    private static func pieces(_ range: Range<Int64>) -> [Range<Int64>] {
        stride(from: range.lowerBound, to: range.upperBound, by: Int64.Stride(chunk)).map {
            $0..<min($0 + Int64(chunk), range.upperBound)
        }
    }
}

/// The members of a manifest, of which none need be there.
struct ExportAccount {
    /// A segment of a manifest.
    struct Segment {
        let words: String
        let bytes: Int64
        let sha256: String
        let textBytes: Int64
        let fileBytes: Int64
        let patch: SegmentPatch
        let partSHA256: String?

        init?(_ account: ExportAccount) {
            guard let bytes = account.number("bytes"), let hash = account.text("sha256"),
                let text = account.number("text_bytes"), let file = account.number("file_bytes"),
                let number = account.number("number_shift").flatMap({ UInt32(exactly: $0) }),
                let video = account.number("video_shift"), let audio = account.number("audio_shift"),
                0...1 << 40 ~= bytes, 0...1 << 40 ~= text, 0...1 << 40 ~= file
            else { return nil }
            words = "\(account.text("id") ?? "?") (\(account.text("started_at") ?? "?"))"
            (self.bytes, sha256, textBytes, fileBytes) = (bytes, hash, text, file)
            patch = SegmentPatch(number: number, videoTicks: video, audioTicks: audio)
            partSHA256 = account.text("part_sha256")
        }
    }

    private let members: [String: JSONValue]

    init?(_ text: [UInt8]) {
        guard case .object(let members)? = try? JSONParser.parse(text) else { return nil }  // the caller says so
        self.members = members
    }

    private init(_ members: [String: JSONValue]) {
        self.members = members
    }

    private func value(_ path: [String]) -> JSONValue? {
        path.reduce(.object(members)) { value, name in
            guard case .object(let members)? = value else { return nil }
            return members[name]
        }
    }

    func text(_ path: String...) -> String? {
        guard case .string(let text)? = value(path) else { return nil }
        return text
    }

    func number(_ path: String...) -> Int64? {
        guard case .int(let number)? = value(path) else { return nil }
        return number
    }

    func list(_ name: String) -> [ExportAccount] {
        guard case .array(let list)? = members[name] else { return [] }
        return list.compactMap { value in
            guard case .object(let members) = value else { return nil }
            return ExportAccount(members)
        }
    }
}
