import Encodings
import RTP
import RTSP

/// The way of packets to frames.
extension CameraReader {
    func take(
        _ bytes: UnsafeRawBufferPointer,
        from origin: RTSPMedia,
        now: Int64,
        wallClock: Int64
    ) throws(MediaError) {
        if held != nil { return hold(bytes, from: origin, now: now, wallClock: wallClock) }
        guard origin.kind == .rtp, !RTPPacket.isControl(bytes), let packet = RTPPacket(bytes) else {
            return takeControl(bytes, track: origin.track, now: now)
        }
        if origin.track == 0 {
            packetsWithoutFrame &+= 1
            try videoReceiver?.receive(packet, at: now) { (delivery: inout RTPDelivery) throws(MediaError) in
                try assemble(&delivery, now: now, wallClock: wallClock)
            }
        } else {
            audioReceiver?.receive(packet, at: now) { delivery in hear(&delivery, now: now) }
        }
    }

    /// Reads packets that have waited long enough for those before them.
    func release(now: Int64, wallClock: Int64) throws(MediaError) {
        try videoReceiver?.release(at: now) { (delivery: inout RTPDelivery) throws(MediaError) in
            try assemble(&delivery, now: now, wallClock: wallClock)
        }
        audioReceiver?.release(at: now) { delivery in hear(&delivery, now: now) }
    }

    private func assemble(_ delivery: inout RTPDelivery, now: Int64, wallClock: Int64) throws(MediaError) {
        guard let segmenter else { return }
        do {
            while let event = try video?.next(from: &delivery, into: segmenter.videoBuffer) {
                switch event {
                case .began(let start):
                    try segmenter.begin(
                        start,
                        presentation: videoClock.time(start.timestamp),
                        sets: video?.parameterSets ?? ParameterSets(),
                        arrival: now,
                        wallClock: wallClock
                    )
                case .frame(let frame):
                    lastVideo = now
                    packetsWithoutFrame = 0
                    segmenter.end(frame)
                }
            }
        } catch let error as DepacketizerError {
            throw MediaError(.badStream, error.detail)
        } catch let error as MediaError {
            throw error
        } catch {
            throw MediaError(.badStream, "\(error)")
        }
    }

    /// Audio can never stop the video: what goes beyond a limit is left out.
    private func hear(_ delivery: inout RTPDelivery, now: Int64) {
        guard samples == nil else { return hearSamples(&delivery, now: now) }
        guard let segmenter else { return }
        while let event = try? audio?.next(from: &delivery, into: segmenter.audioBuffer) {
            if case .frame(let frame) = event { segmenter.addAudio(onTrackClock(frame), arrival: now) }
        }
    }

    private func hearSamples(_ delivery: inout RTPDelivery, now: Int64) {
        sampleBuffer.removeAll()
        while case .frame(let frame) = try? audio?.next(from: &delivery, into: sampleBuffer) {
            let bytes = UnsafeRawBufferPointer(rebasing: sampleBuffer.bytes[frame.range])
            encode?(bytes, frame.timestamp, now)
        }
    }

    private func onTrackClock(_ frame: CodedFrame) -> CodedFrame {
        var frame = frame
        frame.timestamp = audioClock.time(frame.timestamp)
        frame.duration = audioClock.time(frame.duration)
        return frame
    }

    private func takeControl(_ bytes: UnsafeRawBufferPointer, track: Int, now: Int64) {
        for case .senderReport(let report) in RTCPReader(bytes) {
            if track == 0 {
                videoReceiver?.receive(report, at: now)
            } else {
                audioReceiver?.receive(report, at: now)
            }
        }
    }

    /// Hands out the frame that nothing follows.
    func finishFrames() {
        guard let segmenter else { return }
        if let frame = video?.finish(in: segmenter.videoBuffer) { segmenter.end(frame) }
        if samples == nil, let frame = audio?.finish(in: segmenter.audioBuffer) {
            segmenter.addAudio(onTrackClock(frame), arrival: lastVideo ?? 0)
        }
    }

    private static let packetsOfFrame = 10_000

    /// The error of a stream that does not come.
    var silence: MediaError {
        // A key frame of a large picture has a thousand packets.
        guard packetsWithoutFrame < Self.packetsOfFrame else {
            return MediaError(
                .badStream,
                "the camera sends packets, but has sent no whole frame of video for 10 s; restart it, or use UDP or TCP instead"
            )
        }
        return MediaError(
            .stalled,
            lastVideo == nil
                ? "the camera promised video and sent none for 10 s" : "the camera sent no video for 10 s"
        )
    }
}
