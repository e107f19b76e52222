import Glibc
import MP4
import Testing

@testable import Media

/// Random cameras; `OBSERVER_TEST_SEEDS` sets how many, 1,000 by itself.
@Suite struct RunSimulationTests {
    static let seeds = getenv("OBSERVER_TEST_SEEDS").flatMap { Int(String(cString: $0)) } ?? 1000

    @Test(.timeLimit(.minutes(10)), arguments: 0..<UInt64(4))
    func `every frame is in exactly one segment, and cuts come neither too soon nor too late`(part: UInt64) throws {
        for seed in stride(from: part, to: UInt64(Self.seeds), by: 4) {
            var camera = RunSimulation(seed: seed)
            let recording = TestRecording()
            let segmenter = RunSegmenter(StreamDescription(video: camera.track), seconds: camera.seconds) {
                recording.take($0)
            }
            for _ in 0..<120 { try camera.send(to: segmenter) }
            segmenter.end(.stopped)
            let movies = try recording.movies()
            let isWhole = isWhole(movies, camera)
            let isCut = isCut(recording, camera)
            let isDecodable = isDecodable(movies, recording, camera)
            #expect(isWhole && isCut && isDecodable, "seed \(seed)")
            guard isWhole, isCut, isDecodable else { return }
        }
    }

    /// All frames in order, in one movie each, with times that follow each other without a hole.
    private func isWhole(_ movies: [TestMovie], _ camera: RunSimulation) -> Bool {
        let numbers = movies.flatMap(\.video).map { $0.units.lazy.compactMap(RunSimulation.read).first?.number ?? -1 }
        guard numbers == Array(0..<camera.sent.count) else { return false }
        let samples = movies.flatMap(\.video)
        return zip(samples, samples.dropFirst()).allSatisfy { $1.decode == $0.decode + $0.duration && $0.duration > 0 }
    }

    /// Segments of at least a second and of no more than twice the length, and what the reader says of them.
    private func isCut(_ recording: TestRecording, _ camera: RunSimulation) -> Bool {
        let length = Int64(camera.seconds * 90_000)
        var end = RunSegmenter.origin90k
        for (index, piece) in recording.pieces.enumerated() {
            guard let summary = try? FragmentedMP4.inspect(bytes: piece.bytes), let first = piece.fragments.first,
                let last = piece.fragments.last, piece.begin.sequence == index
            else { return false }
            let isLast = index == recording.pieces.count - 1
            let frame = last.duration90k
            guard summary.completeBytes == Int64(piece.bytes.count), summary.mediaStart90k == end,
                first.start90k == end, piece.begin.mediaStart90k == end,
                summary.frames == piece.fragments.map(\.frames).reduce(0, +),
                zip(piece.fragments, piece.fragments.dropFirst()).allSatisfy({ $0.end90k == $1.start90k }),
                isLast || summary.mediaDuration90k >= 90_000,
                // A key frame that is due is awaited for half a second.
                summary.mediaDuration90k <= 2 * length + 45_000 + min(frame, 2 * 90_000),
                piece.fragments.allSatisfy({ $0.duration90k <= 3 * 90_000 }),
                piece.end?.flags.contains(.dependent) == (first.kind == .dependent)
            else { return false }
            end = last.end90k
        }
        return true
    }

    /// A decoder that begins with any segment that does not depend on another has the sets that each frame needs.
    private func isDecodable(_ movies: [TestMovie], _ recording: TestRecording, _ camera: RunSimulation) -> Bool {
        for (movie, piece) in zip(movies, recording.pieces) {
            var sets = AVCConfiguration.units(inRecord: movie.configuration)
            guard sets.first(where: { $0[0] & 0x1F == 7 }) != nil else { return false }
            for (index, sample) in movie.video.enumerated() {
                for unit in sample.units {
                    if unit[0] & 0x1F == 9 { return false }
                    if unit[0] & 0x1F == 7 { sets = [unit] + sets.filter { $0[0] & 0x1F != 7 } }
                    guard let slice = RunSimulation.read(unit) else { continue }
                    let sent = camera.sent[slice.number]
                    guard sets.contains(RunSimulation.sequences[sent.parameters]),
                        sample.isSync == (sent.kind != .dependent),
                        index > 0 || piece.fragments[0].kind == sent.kind
                    else { return false }
                }
            }
        }
        return true
    }
}
