import Crypto
import Encodings
import MP4
import ObserverCore
import ObserverExport

/// Sends a file of an export, or a part of it, reading a little ahead so that nobody waits for a store.
struct ExportSender {
    let file: ExportFile
    let source: SegmentSource
    /// Returns true where somebody stopped it.
    let isCancelled: () -> Bool

    init(_ file: ExportFile, source: SegmentSource, isCancelled: @escaping () -> Bool) {
        self.file = file
        self.source = source
        self.isCancelled = isCancelled
    }

    /// Sends bytes of the file.
    ///
    /// - Parameters:
    ///   - range: The bytes.
    ///   - sink: Takes them; returns false when nobody wants more.
    /// - Returns: False where the sink wanted no more.
    /// - Throws: `SegmentSourceError`, `MP4Error`: what follows cannot be sent.
    func send(_ range: Range<Int64>, to sink: (UnsafeRawBufferPointer) -> Bool) throws -> Bool {
        var left = range.upperBound - range.lowerBound
        func pass(_ bytes: ArraySlice<UInt8>) -> Bool {
            let part = bytes.prefix(Int(min(left, Int64(bytes.count))))
            left -= Int64(part.count)
            return part.isEmpty || part.withUnsafeBytes(sink)
        }
        let head = Int64(file.head.count)
        if range.lowerBound < head, !pass(file.head[Int(range.lowerBound)...]) { return false }
        guard left > 0 else { return true }
        let start = max(range.lowerBound - head, 0)
        let first = file.part.piece(at: start)
        var queue = ReadAhead(file: file, source: source, first: first, from: start - file.part.pieces[first].offset)
        while left > 0 {
            guard !isCancelled() else { throw SegmentSourceError(.cancelled, "somebody stopped the export") }
            guard let bytes = try queue.next() else {
                throw SegmentSourceError(.changed, "the recordings ended before the file")
            }
            if !pass(bytes[...]) { return false }
        }
        return true
    }
}

/// The bytes of pieces one after the other; reads have begun for the next ones.
private struct ReadAhead {
    /// The reads that are on their way at once; half a mebibyte each.
    private static let depth = 8

    private enum Item {
        case bytes([UInt8])
        case begin(piece: Int, patcher: SegmentPatcher?, skip: Int64, hashes: Bool)
        case read(SegmentRead)
        case end
    }

    private let file: ExportFile
    private let source: SegmentSource
    private var nextPiece: Int
    private var offset: Int64
    /// The steps of the piece whose reads begin now.
    private var steps: [ExportFile.Step] = []
    private var ranges: [Range<Int64>] = []
    private var piece = 0
    private var place: SegmentSource.Place?
    private var queue: [Item] = []
    private var reading = 0
    // What is being sent.
    private var patcher: SegmentPatcher?
    private var skip: Int64 = 0
    private var hasher: SHA256Hasher.Box?
    private var sending = 0

    init(file: ExportFile, source: SegmentSource, first: Int, from offset: Int64) {
        self.file = file
        self.source = source
        nextPiece = first
        self.offset = offset
    }

    /// Returns the next bytes, which may be none; nil at the end.
    mutating func next() throws -> [UInt8]? {
        try fill()
        guard !queue.isEmpty else { return nil }
        switch queue.removeFirst() {
        case .bytes(let bytes): return bytes
        case .begin(let piece, let patcher, let skip, let hashes):
            (sending, self.patcher, self.skip) = (piece, patcher, skip)
            hasher = hashes ? SHA256Hasher.Box() : nil
            return []
        case .read(let read):
            reading -= 1
            return try take(try read.wait())
        case .end:
            try finish()
            return []
        }
    }

    private mutating func take(_ bytes: [UInt8]) throws(MP4Error) -> [UInt8] {
        hasher?.update(bytes)
        var output = bytes
        if patcher != nil {
            output = []
            output.reserveCapacity(bytes.count + 64)
            try patcher?.append(bytes, to: &output)
        }
        guard skip > 0 else { return output }
        let left = min(skip, Int64(output.count))
        skip -= left
        return Array(output.dropFirst(Int(left)))
    }

    /// Checks that a segment was what it was when it was recorded.
    private mutating func finish() throws(SegmentSourceError) {
        let segment = file.part.pieces[sending].segment
        if let patcher, !patcher.isBetweenBoxes {
            throw SegmentSourceError(.changed, "segment \(segment.id) ends within a box")
        }
        if let hash = hasher?.finish(), hash.hex != segment.sha256 {
            throw SegmentSourceError(.changed, "segment \(segment.id) has other bytes than were recorded")
        }
        (patcher, hasher) = (nil, nil)
    }

    private mutating func fill() throws {
        while reading < Self.depth {
            if let range = ranges.first {
                ranges.removeFirst()
                let segment = file.part.pieces[piece].segment
                if place == nil { place = try source.find(segment) }
                guard let place else { return }
                queue.append(.read(source.begin(range, of: segment, at: place)))
                reading += 1
                if ranges.isEmpty { queue.append(.end) }
            } else if !steps.isEmpty {
                begin(steps.removeFirst())
            } else if nextPiece < file.part.pieces.count {
                piece = nextPiece
                place = nil
                steps = try file.steps(ofPiece: piece, from: offset)
                (nextPiece, offset) = (nextPiece + 1, 0)
            } else {
                return
            }
        }
    }

    private mutating func begin(_ step: ExportFile.Step) {
        switch step {
        case .bytes(let bytes): queue.append(.bytes(bytes))
        case .segment(let piece, let range, let isPatched, let skip):
            let segment = file.part.pieces[piece].segment
            let patcher =
                isPatched
                ? SegmentPatcher(
                    file.part.pieces[piece].patch,
                    initSection: file.part.initSection,
                    at: range.lowerBound
                ) : nil
            let isWhole = isPatched && range == 0..<segment.bytes
            queue.append(.begin(piece: piece, patcher: patcher, skip: skip, hashes: isWhole))
            ranges = SegmentPages.split(range)
            if ranges.isEmpty { queue.append(.end) }
        }
    }
}

extension SHA256Hasher {
    /// A hasher in a structure that is copied.
    fileprivate final class Box {
        private var hasher = SHA256Hasher()

        func update(_ bytes: [UInt8]) { hasher.update(bytes) }

        func finish() -> [UInt8] { hasher.finalize() }
    }
}
