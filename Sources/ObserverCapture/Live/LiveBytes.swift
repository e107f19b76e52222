import FastCGIWire
import Media
import System

/// Bytes on their way to viewers, framed once and shared by all of them.
final class LiveBytes: Sendable {
    /// The bytes in FastCGI records.
    let framed: [UInt8]

    init(framed: [UInt8]) {
        self.framed = framed
    }

    convenience init(_ bytes: [UInt8]) {
        var framed: [UInt8] = []
        bytes.withUnsafeBytes { FastCGIFrame.append($0, to: &framed) }
        self.init(framed: framed)
    }

    convenience init(_ bytes: MediaBytes) {
        var framed: [UInt8] = []
        bytes.withUnsafeBytes { FastCGIFrame.append($0, to: &framed) }
        self.init(framed: framed)
    }

    /// The end of a response.
    static let end = {
        var framed: [UInt8] = []
        FastCGIFrame.appendEnd(to: &framed)
        return LiveBytes(framed: framed)
    }()
}

/// A frame, or some audio, on its way to the viewers of a camera.
struct LivePart: Sendable {
    let bytes: LiveBytes
    /// The use of the frame as a starting point; nil for audio.
    let kind: FrameKind?
    let createdAt: MonotonicInstant
}
