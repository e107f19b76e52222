package import Crypto
import Encodings
import MP4
package import ObserverCore

/// The account of a file of an export: what is in it, what is missing and why, and who asked for it.
///
/// It is one JSON object, whose last member is the signature. What is signed is the text of the object without that member:
/// everything before `,"signature":`, and a closing brace.
package struct ExportManifest: Sendable {
    /// The name of the format.
    package static let format = "observer-export-1"
    /// The label with which the key for signatures is derived.
    package static let keyPurpose = "observer export signature 1"

    /// The facts of the request.
    package struct Facts: Sendable {
        package var camera: CameraID
        package var cameraName: String
        package var location: String
        package var from: Timestamp
        package var to: Timestamp
        package var askedBy: String
        package var askedAt: Timestamp
        package var zone: String
        /// The number of the part, from 1.
        package var part = 1
        package var parts = 1
        package var file: String

        package init(
            camera: CameraID,
            cameraName: String,
            location: String,
            from: Timestamp,
            to: Timestamp,
            askedBy: String,
            askedAt: Timestamp,
            zone: String,
            file: String
        ) {
            self.camera = camera
            self.cameraName = cameraName
            self.location = location
            self.from = from
            self.to = to
            self.askedBy = askedBy
            self.askedAt = askedAt
            self.zone = zone
            self.file = file
        }
    }

    /// A segment that was recorded and is not in the export.
    package struct Missing: Sendable {
        package var segment: ExportSegment
        /// `expired`, `lost`, `elsewhere`, `covered`.
        package var reason: String
        package var detail: String?

        package init(_ segment: ExportSegment, reason: String, detail: String? = nil) {
            self.segment = segment
            self.reason = reason
            self.detail = detail
        }
    }

    package var facts: Facts
    package var timeline: CameraTimeline?
    package var missing: [Missing] = []

    package init(_ facts: Facts, timeline: CameraTimeline?, missing: [Missing]) {
        self.facts = facts
        self.timeline = timeline
        self.missing = missing
    }

    /// Writes the manifest of a part, with its signature.
    ///
    /// - Throws: `CryptoError` where the library does not sign.
    package func text(of part: ExportPart, key: SigningKey) throws(CryptoError) -> [UInt8] {
        var json = JSONWriter(capacity: 2048 + part.pieces.count * 360)
        json.object { json in
            json.field("format", Self.format)
            json.object("camera") { json in
                json.field("id", facts.camera.rawValue)
                json.field("name", facts.cameraName)
                json.field("location", facts.location)
            }
            json.field("stream", "main")
            json.field("from", facts.from.rfc3339)
            json.field("to", facts.to.rfc3339)
            json.field("asked_by", facts.askedBy)
            json.field("asked_at", facts.askedAt.rfc3339)
            json.field("zone", facts.zone)
            json.object("file") { json in
                json.field("name", facts.file)
                json.field("part", facts.part)
                json.field("parts", facts.parts)
                json.field("shown_from", part.shownAt.rfc3339)
                json.field("duration_ms", (part.duration90k + 45) / 90)
                json.field("movie_sha256", SHA256.hex(part.movie))
                json.field("index_sha256", SHA256.hex(part.index))
                json.field("index_bytes", part.index.count)
                json.field("text_sha256", part.textSHA256().hex)
                json.field("media_bytes", part.mediaBytes)
            }
            json.array("segments") { json in
                for piece in part.pieces { Self.write(piece, to: &json) }
            }
            writeMissing(to: &json)
        }
        return try Self.signed(json.bytes, key: key)
    }

    private static func write(_ piece: ExportPiece, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", piece.segment.id.description)
            json.field("started_at", piece.segment.startedAt.rfc3339)
            json.field("duration_ms", piece.segment.durationMilliseconds)
            json.field("bytes", piece.segment.bytes)
            json.field("sha256", piece.segment.sha256)
            json.field("file_time_ms", piece.start / 90)
            json.field("text_bytes", piece.textBytes)
            json.field("file_bytes", piece.mediaBytes)
            json.field("number_shift", Int64(piece.patch.number))
            json.field("video_shift", piece.patch.videoTicks)
            json.field("audio_shift", piece.patch.audioTicks)
            // Only a part of it is in the file, whose bytes as they are there have this hash.
            if let part = piece.partSHA256 { json.field("part_sha256", part) }
        }
    }

    private func writeMissing(to json: inout JSONWriter) {
        json.array("missing") { json in
            for one in missing {
                json.object { json in
                    json.field("id", one.segment.id.description)
                    json.field("from", one.segment.startedAt.rfc3339)
                    json.field("to", one.segment.endedAt.rfc3339)
                    json.field("reason", one.reason)
                    json.field("detail", one.detail)
                }
            }
        }
        json.array("gaps") { json in
            for gap in timeline?.gaps ?? [] {
                json.object { json in
                    json.field("from", gap.span.startedAt.rfc3339)
                    json.field("to", gap.span.endedAt.rfc3339)
                    json.field("cause", gap.cause.rawValue)
                    json.field("detail", gap.detail)
                }
            }
        }
        json.array("unexplained") { json in
            for span in timeline?.unexplained ?? [] {
                json.object { json in
                    json.field("from", span.startedAt.rfc3339)
                    json.field("to", span.endedAt.rfc3339)
                }
            }
        }
    }

    private static let mark = Array(",\"signature\":".utf8)

    private static func signed(_ text: [UInt8], key: SigningKey) throws(CryptoError) -> [UInt8] {
        let signature = try key.sign(text)
        var json = JSONWriter()
        json.object { json in
            json.field("algorithm", "Ed25519")
            json.field("key", key.publicKey.base64)
            json.field("fingerprint", fingerprint(of: key.publicKey))
            json.field("value", signature.base64)
        }
        return text.dropLast() + mark + json.bytes + [UInt8(ascii: "}")]
    }

    /// The first half of the SHA-256 of a public key, in groups of four digits, which people can compare.
    package static func fingerprint(of publicKey: [UInt8]) -> String {
        let digits = Array(SHA256.hex(publicKey).utf8.prefix(32))
        return stride(from: 0, to: digits.count, by: 4)
            .map { String(decoding: digits[$0..<$0 + 4], as: UTF8.self) }.joined(separator: "-")
    }

    /// Splits a signed manifest into the text that was signed and the text of the signature; nil for anything else.
    package static func split(_ text: [UInt8]) -> (signed: [UInt8], signature: [UInt8])? {
        guard text.count > mark.count, text.last == UInt8(ascii: "}") else { return nil }
        // The signature has no such text in it, so the last one is the mark.
        var place = text.count - mark.count
        while place > 0, !text[place..<place + mark.count].elementsEqual(mark) { place -= 1 }
        guard place > 0 else { return nil }
        return (Array(text[..<place]) + [UInt8(ascii: "}")], Array(text[(place + mark.count)..<(text.count - 1)]))
    }
}
