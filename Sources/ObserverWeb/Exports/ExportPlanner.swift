import Crypto
import Encodings
import HTTPRouting
import HTTPTypes
import MP4
import ObserverCore
import ObserverExport
import ObserverStore
import Postgres
import System

/// Plans the files of an export from the catalogue, and from the beginnings and ends that have to be cut.
struct ExportPlanner {
    /// The most segments of one export: its plan and manifest are in memory.
    static let segmentLimit = 40_000
    /// The most segments that are told of one by one as missing.
    private static let missingLimit = 1000
    /// The most segments before the first one that it may depend on.
    private static let dependenceLimit = 32

    let source: SegmentSource
    let database: PostgresConnection
    let key: SigningKey

    init(source: SegmentSource, database: PostgresConnection, key: SigningKey) {
        self.source = source
        self.database = database
        self.key = key
    }

    /// Everything that does not depend on who asks, and when.
    struct Material: Sendable {
        var camera: ExportStore.Camera
        var parts: [ExportPart]
        var missing: [ExportManifest.Missing]
        var timeline: CameraTimeline?
    }

    /// Reads the catalogue, and what is needed of segments.
    ///
    /// - Throws: `Problem` that says why nothing is there; the errors of the database.
    func material(for range: ExportRange, now: Timestamp) throws -> Material {
        let store = ExportStore(database)
        guard let camera = try store.camera(range.camera) else { throw CameraService.notFound }
        let size = try store.size(of: range.camera, range.span)
        guard size.segments <= Self.segmentLimit else {
            throw Problem(
                422,
                "The parameter to is too late: the stretch has \(size.segments) segments (\(Format.size(size.bytes))), and an "
                    + "export has at most \(Self.segmentLimit). Ask for shorter stretches.",
                errors: ["to": "must be earlier: an export has at most \(Self.segmentLimit) segments"]
            )
        }
        var (segments, missing) = try segments(of: range, store)
        let timeline = try TimelineStore(database).timeline(of: range.camera, range.span, now: now)
        guard !segments.isEmpty else { throw Self.nothing(in: range, missing, timeline) }
        try addDependence(of: &segments, in: store, camera: range.camera)
        let (chosen, covered) = ExportSelection.choose(segments, from: range.from, to: range.to)
        missing += covered.map { ExportManifest.Missing($0, reason: "covered") }
        var parts: [ExportPart] = []
        for selection in ExportSelection.parts(of: chosen) {
            if let part = try part(selection, &missing) { parts.append(part) }
        }
        guard !parts.isEmpty else { throw Self.nothing(in: range, missing, timeline) }
        return Material(camera: camera, parts: parts, missing: missing, timeline: timeline)
    }

    /// Signs the files.
    func files(
        _ material: Material,
        for range: ExportRange,
        askedBy: String,
        askedAt: Timestamp,
        zone: TimeZoneRules
    ) throws(CryptoError) -> [ExportFile] {
        let camera = ExportRange.fileWord(material.camera.name, camera: range.camera)
        let word = "\(camera)_\(range.fileWords(in: zone))"
        var files: [ExportFile] = []
        for (number, part) in material.parts.enumerated() {
            let isOnly = material.parts.count == 1
            var facts = ExportManifest.Facts(
                camera: range.camera,
                cameraName: material.camera.name,
                location: material.camera.location,
                from: range.from,
                to: range.to,
                askedBy: askedBy,
                askedAt: askedAt,
                zone: zone.name,
                file: isOnly ? "\(word).mp4" : "\(word)-part\(number + 1).mp4"
            )
            (facts.part, facts.parts) = (number + 1, material.parts.count)
            let manifest = ExportManifest(facts, timeline: material.timeline, missing: material.missing)
            files.append(try ExportFile(part, manifest, key: key))
        }
        return files
    }

    // MARK: Rows

    private func segments(
        of range: ExportRange,
        _ store: ExportStore
    ) throws(PostgresError) -> ([ExportSegment], [ExportManifest.Missing]) {
        var segments: [ExportSegment] = []
        var missing = try store.expired(of: range.camera, range.span, limit: Self.missingLimit).map { record in
            Self.missing(record, reason: "expired", detail: "deleted when its time was over")
        }
        try store.forEach(of: range.camera, range.span) { record in
            if record.state == .lost {
                missing.append(Self.missing(record, reason: "lost", detail: record.error))
                return
            }
            let segment = ExportSegment(record.segment, state: record.state, destinations: record.destinations)
            guard record.state != .stored, !source.isHere(segment) else { return segments.append(segment) }
            // It can have been uploaded since the row was read.
            if (try? source.find(segment)) != nil {  // where it is not, the manifest says so
                segments.append(segment)
            } else {
                let words = "still on another machine, on its way to the store"
                missing.append(Self.missing(record, reason: "elsewhere", detail: words))
            }
        }
        return (segments, missing)
    }

    private static func missing(_ record: SegmentRecord, reason: String, detail: String?) -> ExportManifest.Missing {
        ExportManifest.Missing(ExportSegment(record.segment, state: record.state), reason: reason, detail: detail)
    }

    /// Adds the segments before the first one whose frames it needs.
    private func addDependence(
        of segments: inout [ExportSegment],
        in store: ExportStore,
        camera: CameraID
    ) throws(PostgresError) {
        guard let first = segments.first, first.isDependent else { return }
        for record in try store.before(first.id, of: camera, limit: Self.dependenceLimit) {
            let segment = ExportSegment(record.segment, state: record.state, destinations: record.destinations)
            guard segment.run == first.run, record.state != .lost, let next = segments.first, next.isDependent else {
                return
            }
            segments.insert(segment, at: 0)
        }
    }

    private static func nothing(
        in range: ExportRange,
        _ missing: [ExportManifest.Missing],
        _ timeline: CameraTimeline?
    ) -> Problem {
        let words: String
        if let reason = missing.first {
            words =
                switch reason.reason {
                case "expired": "its recordings were deleted when their time was over"
                case "lost": "its recordings are lost: \(reason.detail ?? "their bytes are gone")"
                case "elsewhere": "its recordings are still on another machine, on their way to the store"
                default: "its recordings cannot be read"
                }
        } else {
            words = reason(timeline) ?? "no reason is known"
        }
        return Problem(
            404,
            "Nothing is recorded from \(range.from.rfc3339) to \(range.to.rfc3339): \(words)."
        )
    }

    /// The reason why nothing was recorded, for people; nil where none is known.
    static func reason(_ timeline: CameraTimeline?) -> String? {
        if let gap = timeline?.gaps.first {
            return StateView.word(gap.cause).lowercased() + (gap.detail.map { " (\($0))" } ?? "")
        }
        return timeline?.wanted.isEmpty == false ? nil : "the camera was not switched on"
    }

    // MARK: Parts

    /// Plans one file; nil if no frame is in it.
    private func part(
        _ selections: [ExportSelection],
        _ missing: inout [ExportManifest.Missing]
    ) throws -> ExportPart? {
        var cuts: [(segment: ExportSegment, cut: SegmentCut?)] = []
        for selection in selections {
            guard selection.isCut else {
                cuts.append((selection.segment, nil))
                continue
            }
            if let cut = try cut(selection) { cuts.append((selection.segment, cut)) }
        }
        guard let first = cuts.first?.segment else { return nil }
        do {
            let bytes = try source.read(0..<first.initBytes, of: first, at: try source.find(first))
            guard SHA256.hex(bytes) == first.initSHA256 else {
                throw SegmentSourceError(
                    .changed,
                    "the init section of segment \(first.id) is not the one that was recorded"
                )
            }
            let reference = try referenceBytes(of: first)
            var part = try ExportPart(cuts, initSection: bytes, referenceBytes: reference)
            for (number, piece) in part.pieces.enumerated() where !piece.isWhole {
                part.set(partSHA256: try hash(piece), of: number)
            }
            return part
        } catch let error as SegmentSourceError {
            throw Self.problem(error)
        } catch let error as MP4Error {
            throw Problem(422, "Segment \(first.id) cannot be exported: \(error.detail).")
        }
    }

    /// The length of the box before a `moof`, which recorders write or leave out.
    private func referenceBytes(of segment: ExportSegment) throws -> Int64 {
        let end = min(segment.initBytes + 8, segment.bytes)
        let header = try source.read(segment.initBytes..<end, of: segment, at: try source.find(segment))
        guard header.count == 8, header[4...].elementsEqual("prft".utf8) else { return 0 }
        return header[..<4].reduce(0) { $0 << 8 | Int64($1) }
    }

    static func problem(_ error: SegmentSourceError) -> Problem {
        switch error.kind {
        case .gone: Problem(410, "A recording is gone: \(error.detail).")
        case .changed: Problem(422, "A recording is damaged: \(error.detail).")
        case .elsewhere, .unavailable, .cancelled:
            Problem(503, "A recording cannot be read at the moment: \(error.detail).").with(.retryAfter, "5")
        }
    }

    /// Reads the fragments of a segment, and decides what of them is wanted.
    private func cut(_ selection: ExportSelection) throws -> SegmentCut? {
        let segment = selection.segment
        do {
            let index = try index(of: segment)
            // Only what is really cut makes a part of it.
            let rate = try JoinedHead(
                initSection: try source.read(0..<index.initBytes, of: segment, at: try source.find(segment)),
                shown: 0,
                end: 0
            ).audioRate
            return index.cut(
                from: selection.from.map { segment.ticks(at: $0) },
                to: selection.to.map { segment.ticks(at: $0) },
                audioRate: rate ?? 90_000
            )
        } catch let error as SegmentSourceError {
            throw Self.problem(error)
        } catch let error as MP4Error {
            throw Problem(422, "Segment \(segment.id) cannot be cut: \(error.detail).")
        }
    }

    /// The index of a segment.
    ///
    /// - Throws: `SegmentSourceError`, `MP4Error`.
    func index(of segment: ExportSegment) throws -> SegmentIndex {
        var pages = SegmentPages(source: source, segment: segment, place: try source.find(segment))
        return try SegmentIndex.read(size: segment.bytes) { offset, count throws(SegmentSourceError) in
            try pages.read(offset, count)
        }.get()
    }

    /// The hash of a part of a segment as it is in the file.
    private func hash(_ piece: ExportPiece) throws -> String {
        var hasher = SHA256Hasher()
        let place = try source.find(piece.segment)
        var patcher = SegmentPatcher(piece.patch, at: piece.whole.lowerBound)
        for range in SegmentPages.split(piece.whole) {
            var output: [UInt8] = []
            let bytes = try source.read(range, of: piece.segment, at: place)
            try patcher.append(bytes, to: &output)
            hasher.update(output)
        }
        hasher.update(try piece.tailHeader())
        for range in (piece.cut?.tail?.data ?? []).flatMap(SegmentPages.split) {
            hasher.update(try source.read(range, of: piece.segment, at: place))
        }
        return hasher.finalize().hex
    }
}

/// Reads small pieces of a segment by way of larger ones.
struct SegmentPages {
    static let pageBytes: Int64 = 512 << 10

    let source: SegmentSource
    let segment: ExportSegment
    let place: SegmentSource.Place
    private var page: (start: Int64, bytes: [UInt8]) = (0, [])

    init(source: SegmentSource, segment: ExportSegment, place: SegmentSource.Place) {
        self.source = source
        self.segment = segment
        self.place = place
    }

    mutating func read(_ offset: Int64, _ count: Int) throws(SegmentSourceError) -> [UInt8] {
        let end = offset + Int64(count)
        if offset < page.start || end > page.start + Int64(page.bytes.count) {
            let stop = min(max(end, offset + Self.pageBytes), segment.bytes)
            page = (offset, try source.read(offset..<stop, of: segment, at: place))
        }
        let start = Int(offset - page.start)
        return Array(page.bytes[start..<min(start + count, page.bytes.count)])
    }

    /// Splits a stretch into pieces that are read at once.
    static func split(_ range: Range<Int64>) -> [Range<Int64>] {
        stride(from: range.lowerBound, to: range.upperBound, by: Int64.Stride(pageBytes)).map {
            $0..<min($0 + pageBytes, range.upperBound)
        }
    }
}
