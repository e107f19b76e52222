import FastCGIWire
import Media
import ObserverCore
import System

@testable import ObserverCapture

/// Joins, parts and what viewers got, for the tests of the live hub.
enum LiveFixtures {
    static let camera = CameraID(rawValue: 7)
    static let start = MonotonicInstant.now()

    static func at(_ milliseconds: Int) -> MonotonicInstant { start + .milliseconds(milliseconds) }

    static func bytes(_ text: String) -> MediaBytes { MediaBytes(Array(text.utf8)) }

    static func join(
        group: Range<Int64>? = nil,
        present: String = "",
        isWhole: Bool = true,
        hasAudio: Bool = false
    ) -> LiveJoin {
        var join = LiveJoin(
            head: RunSegmenter.Head(bytes: bytes("[head]"), codecs: "avc1.64001f"),
            hasAudio: hasAudio
        )
        let segment = SegmentID.makeRandom()
        join.group = group.map { LivePlace(segment: segment, range: $0) }
        join.present = Array(present.utf8)
        join.isWhole = isWhole
        return join
    }

    static func part(_ text: String, _ kind: FrameKind?, at milliseconds: Int) -> LivePart {
        LivePart(bytes: LiveBytes(Array(text.utf8)), kind: kind, createdAt: at(milliseconds))
    }

    static func fragment(_ text: String, _ seconds: Double, _ length: Double, _ kind: FrameKind) -> LiveFragment {
        let start = Int64(seconds * 90_000)
        return LiveFragment(
            bytes: bytes(text),
            start90k: start,
            end90k: start + Int64(length * 90_000),
            kind: kind,
            hasAudio: false
        )
    }

    /// The content of records, without their heads.
    static func content(_ framed: [UInt8]) -> String {
        var (content, position): ([UInt8], Int) = ([], 0)
        while position + 8 <= framed.count {
            let length = Int(framed[position + 4]) << 8 | Int(framed[position + 5])
            if framed[position + 1] == 6 { content += framed[position + 8..<min(position + 8 + length, framed.count)] }
            position += 8 + length
        }
        return String(decoding: content, as: UTF8.self)
    }
}

extension LiveViewer {
    /// Takes all that is to be sent, at most so many bytes; returns it as it is on the wire.
    mutating func drain(_ most: Int = .max, at now: MonotonicInstant) -> [UInt8] {
        let (pieces, offset) = output(most: .max)
        let bytes = Array(pieces.flatMap(\.framed).dropFirst(offset).prefix(most))
        sent(bytes.count, at: now)
        return bytes
    }
}
