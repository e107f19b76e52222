import MP4

@testable import Media

/// The segments of a run as files.
final class TestRecording {
    struct Piece {
        var begin: RunSegmenter.Begin
        var bytes: [UInt8]
        var fragments: [Fragment] = []
        var end: RunSegmenter.End?
    }

    private(set) var pieces: [Piece] = []

    func take(_ output: RunSegmenter.Output) {
        switch output {
        case .began(let begin):
            pieces.append(Piece(begin: begin, bytes: begin.initSection.withUnsafeBytes { Array($0) }))
        case .fragment(let part):
            part.fragment.bytes.withUnsafeBytes { pieces[pieces.count - 1].bytes += $0 }
            pieces[pieces.count - 1].fragments.append(part.fragment)
        case .ended(let end):
            pieces[pieces.count - 1].end = end
        }
    }

    /// Appends bytes to the last piece.
    func append(_ bytes: some Sequence<UInt8>) {
        pieces[pieces.count - 1].bytes += bytes
    }

    func movies() throws -> [TestMovie] { try pieces.map { try TestMovie($0.bytes) } }
}
