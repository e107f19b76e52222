import MP4
import Testing

@testable import Media

/// Packets made by hand; frames of Motion JPEG are not looked into.
@Suite struct RunSegmenterTests {
    static let second: Int64 = 1_000_000_000

    static func packet(_ bytes: UnsafeRawBufferPointer, at time: Int64?, isKey: Bool) -> MediaPacket {
        MediaPacket(track: .video, decodeTime: time, presentationTime: time, isKey: isKey, bytes: bytes)
    }

    @Test func `a stream without parameter sets is given up after five minutes, and not before`() throws {
        let segmenter = RunSegmenter(
            StreamDescription(video: VideoTrack(codec: .h264, width: 64, height: 48)),
            seconds: 2
        ) {
            _ in Issue.record("nothing can be recorded")
        }
        let slice: [UInt8] = [0, 0, 0, 1, 0x41, 1, 2, 3]
        func take(at seconds: Int64) throws(MediaError) {
            var failure: MediaError?
            slice.withUnsafeBytes { bytes in
                do throws(MediaError) {
                    let packet = Self.packet(bytes, at: seconds * 90_000, isKey: false)
                    try segmenter.take(packet, arrival: seconds * Self.second, wallClock: 0)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        for seconds: Int64 in 100...103 { try take(at: seconds) }
        #expect(!segmenter.isShortOfKeyFrames)
        for seconds: Int64 in 104...400 { try take(at: seconds) }
        #expect(segmenter.isShortOfKeyFrames)
        #expect { try take(at: 401) } throws: { ($0 as? MediaError)?.kind == .noKeyFrames }
    }

    @Test func `a stream without a second key frame is cut by force, and all segments but the first say so`() throws {
        var files: [[UInt8]] = []
        var ends: [RunSegmenter.End] = []
        let video = VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: 25)
        let segmenter = RunSegmenter(StreamDescription(video: video), seconds: 4) { output in
            switch output {
            case .began(let begin): files.append(begin.initSection.withUnsafeBytes { Array($0) })
            case .fragment(let part): part.fragment.bytes.withUnsafeBytes { files[files.count - 1] += $0 }
            case .ended(let end): ends.append(end)
            }
        }
        let frame: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        try frame.withUnsafeBytes { bytes in
            for seconds: Int64 in 0..<3700 {
                // Frames of a codec with units would not be called key frames by the source.
                let packet = Self.packet(bytes, at: seconds * 90_000, isKey: seconds == 0)
                try segmenter.take(packet, arrival: seconds * Self.second, wallClock: seconds * 1_000_000)
            }
        }
        segmenter.end(.lost)
        let summaries = try files.map { try FragmentedMP4.inspect(bytes: $0) }
        #expect(summaries.map(\.frames).reduce(0, +) == 3700)
        #expect(summaries.allSatisfy { $0.mediaDuration90k <= 8 * 90_000 })
        #expect(ends.count == summaries.count && ends.count == 3700 / 8 + 1)
        #expect(ends.first?.flags.contains(.dependent) == false)
        #expect(ends.dropFirst().allSatisfy { $0.flags.contains(.dependent) })
        for (before, after) in zip(summaries, summaries.dropFirst()) {
            #expect(after.mediaStart90k == before.mediaStart90k + before.mediaDuration90k)
        }
    }

    @Test(arguments: [true, false])
    func `a stream is calm once its own clock is known, and never without one`(hasClock: Bool) throws {
        var video = VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: 25)
        video.hasTimestamp = hasClock
        let segmenter = RunSegmenter(StreamDescription(video: video), seconds: 4) { _ in }
        let frame: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        var calm: [Bool] = []
        try frame.withUnsafeBytes { bytes in
            for index: Int64 in 0..<250 {
                let packet = Self.packet(bytes, at: hasClock ? index * 3600 : nil, isKey: true)
                try segmenter.take(packet, arrival: index * Self.second / 25, wallClock: index * 40_000)
                calm.append(segmenter.followsSteadySource)
            }
        }
        #expect(calm.prefix(150).allSatisfy { !$0 })
        #expect(calm.last == hasClock)
    }

    /// Frames of 25 Hz that come at once after `held` seconds of silence, and then in time.
    @Test(arguments: [(held: 0, bunch: 70, isRefused: true), (0, 50, false), (60, 115, false), (60, 125, true)])
    func `a minute more of video than time has passed is refused, and a bunch that was held up is not`(
        held: Int64,
        bunch: Int64,
        isRefused: Bool
    ) throws {
        let video = VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: 25)
        let segmenter = RunSegmenter(StreamDescription(video: video), seconds: 4) { _ in }
        let frame: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        func send() throws {
            try frame.withUnsafeBytes { bytes in
                for index in 0..<(bunch * 25 + 250) {
                    let late = index == 0 ? 0 : held * Self.second + max(index - bunch * 25, 0) * Self.second / 25
                    let packet = Self.packet(bytes, at: index * 3600, isKey: true)
                    try segmenter.take(packet, arrival: late + index * 1000, wallClock: late / 1000)
                }
            }
        }
        if isRefused {
            #expect { try send() } throws: { ($0 as? MediaError)?.kind == .badStream }
        } else {
            try send()
        }
    }

    @Test(arguments: [1, 5, 50] as [Int64])
    func `frames without timestamps last as long as they took to come`(rate: Int64) throws {
        var track = VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: 25)
        track.hasTimestamp = false
        var files: [[UInt8]] = []
        let segmenter = RunSegmenter(StreamDescription(video: track), seconds: 4) { output in
            switch output {
            case .began(let begin): files.append(begin.initSection.withUnsafeBytes { Array($0) })
            case .fragment(let part): part.fragment.bytes.withUnsafeBytes { files[files.count - 1] += $0 }
            case .ended: return
            }
        }
        let frame: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        try frame.withUnsafeBytes { bytes in
            for index in 0..<(rate * 20) {
                let arrival = index * Self.second / rate
                try segmenter.take(
                    Self.packet(bytes, at: nil, isKey: true),
                    arrival: arrival,
                    wallClock: arrival / 1000
                )
            }
        }
        segmenter.end(.stopped)
        let summaries = try files.map { try FragmentedMP4.inspect(bytes: $0) }
        #expect(summaries.count >= 4)
        #expect(summaries.map(\.frames).reduce(0, +) == Int(rate) * 20)
        let length = summaries.map(\.mediaDuration90k).reduce(0, +)
        #expect(abs(length - 20 * 90_000) < 45_000, "\(length) is not 20 s")
    }
}
