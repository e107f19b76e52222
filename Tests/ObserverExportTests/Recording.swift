import Crypto
import Encodings
import MP4
import ObserverCore
import ObserverExport
import TestSupport

/// Segments whose frames carry their number, and files of exports made of them in memory.
struct Recording {
    struct Piece {
        var segment: ExportSegment
        var bytes: [UInt8]
    }

    var pieces: [Piece] = []
    private(set) var next: UInt32 = 0
    static let start = Timestamp(milliseconds: 1_795_780_800_123)
    /// 40 ms.
    static let frame: Int64 = 3600

    /// Appends a segment of 25 frames a second, with a key frame at the start of each fragment of a second.
    mutating func append(
        seconds: Int,
        at milliseconds: Int64,
        run: RunID,
        start90k: Int64,
        hasAudio: Bool = false,
        width: Int = 640,
        reorders: Bool = false
    ) {
        let head = Self.initSection(width: width, hasAudio: hasAudio).bytes
        var bytes = head
        for second in 0..<seconds {
            bytes += fragment(
                UInt32(second + 1),
                start90k + Int64(second) * 90_000,
                hasAudio: hasAudio,
                reorders: reorders
            )
        }
        var sample = Segment.sample(of: CameraID(rawValue: 7), at: Self.start.advanced(byMilliseconds: milliseconds))
        sample.media = SegmentMedia(codecs: "mp4v.6C", width: width, height: 360, hasAudio: hasAudio)
        sample.media.bytes = Int64(bytes.count)
        sample.media.sha256 = SHA256.hex(bytes)
        sample.media.initBytes = Int64(head.count)
        sample.media.initSHA256 = SHA256.hex(head)
        sample.media.start90k = start90k
        sample.media.duration90k = Int64(seconds) * 90_000
        sample.end = SegmentEnd(.duration, durationMilliseconds: Int64(seconds) * 1000)
        var segment = ExportSegment(sample, state: .stored)
        segment.run = run
        pieces.append(Piece(segment: segment, bytes: bytes))
    }

    static func initSection(width: Int, hasAudio: Bool) -> InitSection {
        // The codec is of no matter here: these frames are never decoded.
        InitSection(
            video: VideoFormat(.jpeg, width: width, height: 360),
            audio: hasAudio ? AudioFormat(.mp3, sampleRate: 8000, channels: 1) : nil
        )
    }

    private mutating func fragment(_ number: UInt32, _ start: Int64, hasAudio: Bool, reorders: Bool) -> [UInt8] {
        var index = FragmentIndex()
        var data: [UInt8] = []
        for frame in 0..<25 {
            var bytes: [UInt8] = [0, 0, 0, 12]
            bytes.append(bigEndian: next)
            bytes += [UInt8](repeating: 0xAB, count: 8)
            next += 1
            let offset: Int64 =
                reorders && frame > 0 ? (frame % 2 == 1 ? 2 : 0) * Self.frame : reorders ? Self.frame : 0
            index.addFrame(
                bytes: bytes.count,
                decodeTime: start + Int64(frame) * Self.frame,
                compositionOffset: offset,
                duration: Self.frame,
                isSync: frame == 0
            )
            data += bytes
        }
        if hasAudio {
            for piece in 0..<50 {
                index.addAudio(bytes: 4, decodeTime: start * 8000 / 90_000 + Int64(piece) * 160, duration: 160)
                data += [0xCC, 0xCC, 0xCC, UInt8(piece)]
            }
        }
        return index.header(sequence: number, wallClock: Self.start.microseconds) + data
    }

    // MARK: Exports

    func bytes(of id: SegmentID) -> [UInt8] {
        pieces.first { $0.segment.id == id }?.bytes ?? []
    }

    /// Plans an export of a stretch, in milliseconds after the start, as the responder does.
    func export(from: Int64, to: Int64, key: SigningKey) throws -> [ExportFile] {
        let (begin, end) = (Self.start.advanced(byMilliseconds: from), Self.start.advanced(byMilliseconds: to))
        let inside = pieces.map(\.segment).filter { $0.startedAt < end && $0.endedAt > begin }
        let chosen = ExportSelection.choose(inside, from: begin, to: end).chosen
        return try ExportSelection.parts(of: chosen).map { selections in
            let cuts = try selections.compactMap { selection -> (segment: ExportSegment, cut: SegmentCut?)? in
                guard selection.isCut else { return (selection.segment, nil) }
                let bytes = bytes(of: selection.segment.id)
                let index = try SegmentIndex.read(size: Int64(bytes.count)) { offset, count in
                    Array(bytes[Int(offset)..<Int(offset) + count])
                }.get()
                let cut = index.cut(
                    from: selection.from.map { selection.segment.ticks(at: $0) },
                    to: selection.to.map { selection.segment.ticks(at: $0) },
                    audioRate: 8000
                )
                return cut.map { (selection.segment, $0) }
            }
            let first = bytes(of: cuts[0].segment.id)
            var part = try ExportPart(
                cuts,
                initSection: Array(first.prefix(Int(cuts[0].segment.initBytes))),
                referenceBytes: 32
            )
            for (number, piece) in part.pieces.enumerated() where !piece.isWhole {
                part.set(partSHA256: SHA256.hex(try media(of: piece)), of: number)
            }
            let facts = ExportManifest.Facts(
                camera: CameraID(rawValue: 7),
                cameraName: "Gate \"7\"",
                location: "Old Trafford",
                from: begin,
                to: end,
                askedBy: "user:alice",
                askedAt: Self.start,
                zone: "UTC",
                file: "gate.mp4"
            )
            return try ExportFile(part, ExportManifest(facts, timeline: nil, missing: []), key: key)
        }
    }

    private func media(of piece: ExportPiece) throws -> [UInt8] {
        let source = bytes(of: piece.segment.id)
        var output: [UInt8] = []
        var patcher = SegmentPatcher(piece.patch, at: piece.whole.lowerBound)
        try patcher.append(Array(source[Int(piece.whole.lowerBound)..<Int(piece.whole.upperBound)]), to: &output)
        output += try piece.tailHeader()
        for range in piece.cut?.tail?.data ?? [] { output += source[Int(range.lowerBound)..<Int(range.upperBound)] }
        return output
    }

    /// The bytes of a file from a place on, put together step by step.
    func read(_ file: ExportFile, from start: Int64 = 0, chunk: Int = .max) throws -> [UInt8] {
        var output = start < file.head.count ? Array(file.head[Int(start)...]) : []
        let place = max(start - Int64(file.head.count), 0)
        let first = file.part.piece(at: place)
        for number in first..<file.part.pieces.count {
            let piece = file.part.pieces[number]
            for step in try file.steps(ofPiece: number, from: number == first ? place - piece.offset : 0) {
                switch step {
                case .bytes(let bytes): output += bytes
                case .segment(_, let range, let isPatched, let skip):
                    let source = bytes(of: piece.segment.id)
                    var rest = source[Int(range.lowerBound)..<Int(range.upperBound)]
                    guard isPatched else {
                        output += rest
                        continue
                    }
                    var patched: [UInt8] = []
                    var patcher = SegmentPatcher(piece.patch, initSection: file.part.initSection, at: range.lowerBound)
                    while !rest.isEmpty {
                        try patcher.append(Array(rest.prefix(chunk)), to: &patched)
                        rest = rest.dropFirst(chunk)
                    }
                    output += patched.dropFirst(Int(skip))
                }
            }
        }
        return output
    }
}

extension UniqueID {
    static func run(_ number: UInt8) -> UniqueID {
        UniqueID(bytes: [UInt8](repeating: number, count: 16)) ?? .makeRandom()
    }
}
