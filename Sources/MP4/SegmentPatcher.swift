import Encodings

/// Applies a ``SegmentPatch`` to the bytes of a segment as they come, in pieces of any size.
///
/// It begins at the start of a segment, or of any of its boxes.
public struct SegmentPatcher: Sendable {
    /// The largest box that is kept until it is whole; ours have a few kilobytes.
    private static let boxLimit = 4 << 20
    private static let headerLimit = 16

    private let patch: SegmentPatch
    private let initSection: [UInt8]
    private let checksInit: Bool
    /// The bytes of a box that is not whole yet.
    private var pending: [UInt8] = []
    private var wanted = 8
    /// The bytes of the present box that are passed on as they are.
    private var passing: Int64 = 0
    /// The bytes before the present box.
    private var place: Int

    /// Creates a patcher.
    ///
    /// - Parameters:
    ///   - patch: The changes.
    ///   - initSection: The bytes with which the segment must begin: of another part of the same file.
    ///   - offset: Where in the segment it begins, if not at its start.
    public init(_ patch: SegmentPatch, initSection: [UInt8] = [], at offset: Int64 = 0) {
        self.patch = patch
        self.initSection = initSection
        checksInit = !initSection.isEmpty && offset == 0
        place = Int(clamping: offset)
    }

    /// True between two boxes: a segment that ends there is whole.
    public var isBetweenBoxes: Bool { pending.isEmpty && passing == 0 }

    /// Takes the next bytes and appends what can be passed on, which in the end are as many.
    ///
    /// - Throws: ``MP4Error`` for what is no segment, or one with another init section.
    public mutating func take(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(MP4Error) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if passing > 0 {
                let count = Int(min(passing, Int64(rest.count)))
                output.append(contentsOf: rest.prefix(count))
                rest = rest.dropFirst(count)
                passing -= Int64(count)
                continue
            }
            let count = min(wanted - pending.count, rest.count)
            pending.append(contentsOf: rest.prefix(count))
            rest = rest.dropFirst(count)
            if pending.count == wanted { try takeBox(into: &output) }
        }
    }

    /// Takes the next bytes.
    ///
    /// - Throws: ``MP4Error``, as ``take(_:into:)``.
    public mutating func append(_ bytes: [UInt8], to output: inout [UInt8]) throws(MP4Error) {
        let failure: MP4Error? = bytes.withUnsafeBytes { bytes in
            do throws(MP4Error) {
                try take(bytes, into: &output)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Looks at the header of a box, or at a whole box.
    private mutating func takeBox(into output: inout [UInt8]) throws(MP4Error) {
        guard let short = pending.bigEndian(UInt32.self, at: 0), let number = pending.bigEndian(UInt32.self, at: 4)
        else { return }
        let type = FourCharacters(number)
        var size = Int64(short)
        if short == 1 {
            guard pending.count >= Self.headerLimit else {
                wanted = Self.headerLimit
                return
            }
            size = Int64(clamping: pending.bigEndian(UInt64.self, at: 8) ?? 0)
        }
        guard size >= Int64(min(wanted, short == 1 ? 16 : 8)) else {
            throw MP4Error(.badFragment, "the box at \(place) has an impossible size")
        }
        if checksInit, place < initSection.count, type != "ftyp", type != "moov" {
            throw MP4Error(.otherInitSection, "the segment does not begin with the init section of the file")
        }
        guard needsWhole(type) else {
            passing = size - Int64(pending.count)
            return finish(into: &output, size: size)
        }
        guard size <= Int64(Self.boxLimit) else {
            throw MP4Error(.badFragment, "the box at \(place) is too large")
        }
        wanted = Int(size)
        guard pending.count == wanted else { return }
        try change(type)
        finish(into: &output, size: size)
    }

    private func needsWhole(_ type: FourCharacters) -> Bool {
        switch type {
        case "moof", "prft", "ftyp", "moov": true
        // Where the changes are undone, the first two boxes have their types again.
        case "free": patch.isUndoing && place < Self.boxLimit && isInInit
        default: false
        }
    }

    private var isInInit: Bool { place == 0 || hasFileType && !hasMovie }
    private var hasFileType = false
    private var hasMovie = false

    private mutating func change(_ type: FourCharacters) throws(MP4Error) {
        switch type {
        case "moof": try patch.apply(toFragment: &pending)
        case "prft": try patch.apply(toReferenceTime: &pending)
        default: try changeInit()
        }
    }

    private mutating func changeInit() throws(MP4Error) {
        if checksInit {
            let end = place + pending.count
            guard end <= initSection.count, initSection[place..<end].elementsEqual(pending) else {
                throw MP4Error(.otherInitSection, "the init section is not that of the file")
            }
        }
        var type: FourCharacters = "free"
        if patch.isUndoing { type = hasFileType ? "moov" : "ftyp" }
        if hasFileType { hasMovie = true }
        hasFileType = true
        SegmentPatch.write(UInt64(type.number), bytes: 4, to: &pending, at: 4)
    }

    private mutating func finish(into output: inout [UInt8], size: Int64) {
        output += pending
        pending.removeAll(keepingCapacity: true)
        wanted = 8
        place = Int(clamping: Int64(place) + size)
    }
}
