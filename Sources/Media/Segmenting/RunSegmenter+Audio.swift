import Encodings

/// The audio that goes with the video.
extension RunSegmenter {
    /// Takes note that audio was left out of the present segment, and of all that follow where there is a `reason`.
    public func leaveOutAudio(because reason: String? = nil) {
        segment.isAudioDropped = true
        if let reason { streams.notes.append(reason) }
    }

    /// Audio can never stop the video: what does not fit is left out.
    func takeAudio(_ packet: MediaPacket, arrival: Int64) {
        guard isRecording, streams.audio != nil,
            let timestamp = audio?.place(packet, arrival: arrival, video: video, segmentStart90k: segment.start)
        else { return }
        let buffer = fragmenter.audio
        let start = buffer.count
        buffer.append(packet.bytes)
        let duration = packet.duration > 0 ? packet.duration : Int64(streams.audio?.frameSamples ?? 0)
        audioArrival = arrival
        let range = start..<buffer.count
        if !fragmenter.addAudio(at: range, decode: timestamp.decode, duration: duration) {
            segment.isAudioDropped = true
        } else if parts != nil {
            handOut(audioAt: range, decode: timestamp.decode, duration: duration, arrival: arrival)
        }
    }

    func handOut(audioAt range: Range<Int>, decode: Int64, duration: Int64, arrival: Int64) {
        let bytes = UnsafeRawBufferPointer(rebasing: fragmenter.audio.bytes[range])
        parts?.takeAudio(bytes, decode: decode, duration: duration, arrival: arrival)
    }
}
