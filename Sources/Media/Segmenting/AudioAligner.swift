/// Puts audio on the clock of the video.
struct AudioAligner {
    private let rate: Int64
    private var timeline: Timeline?

    /// Rates are clamped to those of `TrackSelector`; within them no product here overflows.
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
        if timeline == nil { begin(packet, arrival: arrival, video: video) }
        guard
            let timestamp = timeline?.place(
                decode: packet.decodeTime,
                presentation: packet.presentationTime,
                duration: packet.duration,
                arrival: arrival
            ), timestamp.decode >= 0, to90k(timestamp.decode) >= segmentStart90k - 45_000
        else { return nil }
        return timestamp
    }

    private mutating func begin(_ packet: MediaPacket, arrival: Int64, video: Timeline) {
        guard let offset = video.sourceOffset,
            let source = (packet.decodeTime ?? packet.presentationTime).flatMap(LibAVSource.bounded),
            let latest = video.latest
        else { return }
        let now = from90k(latest)
        let shifted = source + from90k(offset)
        // Clocks of video and audio that have nothing in common are joined by arrival.
        let isNear = (now - 5 * rate...now + 5 * rate).contains(shifted)
        var made = Timeline(ticksPerSecond: rate, origin: now, nominalDuration: packet.duration)
        made.anchor(source: source, at: isNear ? shifted : now, arrival: arrival)
        timeline = made
    }

    private func from90k(_ ticks: Int64) -> Int64 {
        ticks / 90_000 * rate + ticks % 90_000 * rate / 90_000
    }

    private func to90k(_ ticks: Int64) -> Int64 {
        ticks / rate * 90_000 + ticks % rate * 90_000 / rate
    }
}
