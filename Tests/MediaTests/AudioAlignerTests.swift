import Testing

@testable import Media

/// Audio of 48 kHz, a packet each 1024 samples, beside video whose clock lies.
@Suite struct AudioAlignerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var camera: CameraClock
        /// How long what is found out at the beginning may take, in seconds.
        var from = 8.0

        var testDescription: String { name }
    }

    private static let cases = [
        Case(name: "right", camera: CameraClock()),
        Case(name: "right, with jitter", camera: CameraClock(jitter: 0.2)),
        Case(name: "with a kept group", camera: CameraClock(kept: 3)),
        Case(name: "twelve frames stamped as 25", camera: CameraClock(interval: { _ in 0.083 }, step: { _ in 3600 })),
        Case(name: "30 frames stamped as 25", camera: CameraClock(interval: { _ in 1 / 30 }, step: { _ in 3600 })),
        Case(name: "a clock of milliseconds", camera: CameraClock(step: { $0 * 1000 }, jitter: 0.1)),
        Case(name: "a clock that is 1 % slow", camera: CameraClock(step: { $0 * 89_100 })),
        Case(name: "jumps", camera: CameraClock(jumps: [(30, -36_000), (40, 135_000), (50, 9_000_000)])),
        Case(name: "a silence", camera: CameraClock(holes: [(30, 5, true), (50, 4, false)], jitter: 0.1)),
    ]

    /// Packets of both tracks in the order in which they come; audio never lies.
    private static func merge(_ camera: CameraClock) -> [(isVideo: Bool, frame: CameraClock.Frame)] {
        var sound = CameraClock(jitter: camera.jitter)
        sound.interval = { _ in 1024.0 / 48_000 }
        sound.step = { _ in 1024 }
        sound.first = 5_000_000_000
        let packets =
            camera.frames(seconds: 70, seed: 3).map { (isVideo: true, frame: $0) }
            + sound.frames(seconds: 70, seed: 4).map { (isVideo: false, frame: $0) }
        return packets.sorted { $0.frame.arrival < $1.frame.arrival }
    }

    @Test(arguments: cases)
    func `audio stays within a tenth of a second of the truth, whatever the clock of the video does`(
        scenario: Case
    ) throws {
        var video = Timeline(ticksPerSecond: 90_000, origin: 90_000)
        var audio = AudioAligner(rate: 48_000)
        var last = Int64.min
        var worst = 0.0
        for (isVideo, frame) in Self.merge(scenario.camera) {
            let arrival = Int64(frame.arrival * 1e9)
            if isVideo {
                _ = video.place(decode: frame.source, presentation: frame.source, duration: 0, arrival: arrival)
                continue
            }
            let packet = MediaPacket(
                track: .audio,
                decodeTime: nil,
                presentationTime: frame.source,
                duration: 1024,
                bytes: UnsafeRawBufferPointer(start: nil, count: 0)
            )
            let place = audio.place(packet, arrival: arrival, video: video, segmentStart90k: 0)
            guard let place else { continue }
            #expect(place.decode > last)
            last = place.decode
            guard frame.truth > scenario.from else { continue }
            let captured = try #require(video.captured(place.decode * 90 / 48))
            // The least delay of the network, which nobody can know.
            worst = max(worst, abs(Double(captured) / 1e9 - 0.03 - frame.truth))
        }
        #expect(worst < 0.1, "\(worst) s")
    }

    @Test func `audio that lags behind on the clock of the video keeps its lag`() throws {
        var video = Timeline(ticksPerSecond: 90_000, origin: 90_000)
        var audio = AudioAligner(rate: 48_000)
        // Muxed together, with audio a second later than the video that it belongs to.
        for index: Int64 in 0..<2000 {
            let arrival = index * 20_000_000
            if index % 2 == 0 {
                let time = index / 2 * 3600
                _ = video.place(decode: time, presentation: time, duration: 0, arrival: arrival)
            }
            let packet = MediaPacket(
                track: .audio,
                decodeTime: index * 960 - 48_000,
                presentationTime: index * 960 - 48_000,
                duration: 960,
                bytes: UnsafeRawBufferPointer(start: nil, count: 0)
            )
            let place = audio.place(packet, arrival: arrival, video: video, segmentStart90k: 0)
            guard index > 100 else { continue }
            #expect(place?.decode == index * 960)
        }
    }
}
