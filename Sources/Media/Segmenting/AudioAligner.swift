/// Puts audio on the clock of the video.
struct AudioAligner {
    private let rate: Int64
    private var timeline: Timeline?
    /// True while the source's times of audio and video are of one clock.
    private var isCommon = false
    /// The corrections of the video that the audio has as well, in 1/90000 s.
    private var corrections: Int64 = 0

    /// Rates are clamped to those of `AudioTrack`; within them no product here overflows.
    init(rate: Int64) {
        self.rate = min(max(rate, 4000), 384_000)
    }

    /// The timestamp of an audio packet; nil if it has no place in the present segment.
    mutating func place(
        _ packet: MediaPacket,
        arrival: Int64,
        video: Timeline,
        segmentStart90k: Int64
    ) -> Timeline.FrameTime? {
        guard let position = video.position(of: arrival).map(from90k) else { return nil }
        if timeline == nil { begin(packet, at: position, video: video) }
        if isCommon {
            // What is corrected in the video is corrected here, so that they stay together.
            let change = from90k(video.corrections - corrections)
            timeline?.move(by: change)
            corrections = video.corrections
            if video.clock != .source { isCommon = false }
        }
        let time = timeline?.place(
            decode: packet.decodeTime,
            presentation: packet.presentationTime,
            duration: packet.duration,
            at: position,
            isFollowing: isCommon
        )
        guard let time, time.decode >= 0, to90k(time.decode) >= segmentStart90k - 45_000 else { return nil }
        return time
    }

    private mutating func begin(_ packet: MediaPacket, at position: Int64, video: Timeline) {
        guard let offset = video.sourceOffset,
            let source = (packet.decodeTime ?? packet.presentationTime).flatMap(MediaPacket.bounded)
        else { return }
        let shifted = source + from90k(offset)
        // Clocks of video and audio that have nothing in common are joined by arrival.
        isCommon = (position - 5 * rate...position + 5 * rate).contains(shifted)
        corrections = video.corrections
        var made = Timeline(ticksPerSecond: rate, origin: position, nominalDuration: packet.duration)
        made.anchor(source: source, at: isCommon ? shifted : position, position: position)
        timeline = made
    }

    private func from90k(_ ticks: Int64) -> Int64 {
        ticks / 90_000 * rate + ticks % 90_000 * rate / 90_000
    }

    private func to90k(_ ticks: Int64) -> Int64 {
        ticks / rate * 90_000 + ticks % rate * 90_000 / rate
    }
}
