package import Crypto
import Encodings
package import MP4

/// A file of an export with its head: bytes that are the same each time they are asked for.
package struct ExportFile: Sendable {
    package let part: ExportPart
    /// The name under which it is saved.
    package let name: String
    /// The manifest, signed.
    package let manifest: [UInt8]
    /// `ftyp`, `moov`, the manifest, `sidx`.
    package let head: [UInt8]
    /// A text that names these bytes and no others.
    package let tag: String

    /// Creates a file.
    ///
    /// - Throws: `CryptoError` where the library does not sign.
    package init(_ part: ExportPart, _ manifest: ExportManifest, key: SigningKey) throws(CryptoError) {
        self.part = part
        name = manifest.facts.file
        self.manifest = try manifest.text(of: part, key: key)
        head = part.movie + IdentifiedBox.box(ExportPart.manifestIdentifier, self.manifest) + part.index
        tag = Array(SHA256.hash(head).prefix(15)).base64URL
    }

    /// The length of the file.
    package var bytes: Int64 { Int64(head.count) + part.mediaBytes }

    /// A step of sending.
    package enum Step: Sendable {
        /// These bytes.
        case bytes([UInt8])
        /// Bytes of the segment of a piece, with the changes of the piece where `isPatched`; the first `skip` bytes of what
        /// comes out are left away.
        case segment(piece: Int, range: Range<Int64>, isPatched: Bool, skip: Int64)
    }

    /// Returns the steps of a piece from one of its bytes on.
    ///
    /// - Throws: `MP4Error` where the piece cannot be put together.
    package func steps(ofPiece number: Int, from start: Int64) throws(MP4Error) -> [Step] {
        let piece = part.pieces[number]
        var steps: [Step] = []
        var left = start
        func add(_ bytes: [UInt8]) {
            if left < Int64(bytes.count) { steps.append(.bytes(Array(bytes.dropFirst(Int(left))))) }
            left = max(left - Int64(bytes.count), 0)
        }
        func add(_ range: Range<Int64>, isPatched: Bool) {
            let count = Int64(range.count)
            if left < count {
                // Changes depend on what lies before.
                let begin = isPatched ? range.lowerBound : range.lowerBound + left
                let step = Step.segment(
                    piece: number,
                    range: begin..<range.upperBound,
                    isPatched: isPatched,
                    skip: isPatched ? left : 0
                )
                steps.append(step)
            }
            left = max(left - count, 0)
        }
        add(piece.text)
        add(piece.whole, isPatched: true)
        if let tail = piece.cut?.tail {
            add(try piece.tailHeader())
            for range in tail.data { add(range, isPatched: false) }
        }
        return steps
    }
}
