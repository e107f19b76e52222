import LibraryMedia
import Media

/// Encodes a camera's audio.
enum Encoding {
    static func run(_ audio: SampledAudio, for recorder: RecorderSocket) {
        do throws(MediaError) {
            try run(AudioEncoder(audio), rate: Int64(audio.sampleRate), for: recorder)
        } catch {
            recorder.send(.failed(error))
        }
    }

    private static func run(_ encoder: AudioEncoder, rate: Int64, for recorder: RecorderSocket) throws(MediaError) {
        while case .samples(let bytes, let timestamp, let arrival) = recorder.next() {
            bytes.withUnsafeBytes { encoder.take($0, time: timestamp) }
            while let (time, encoded) = encoder.next() {
                let packet = MediaPacket(
                    track: .audio,
                    decodeTime: time,
                    presentationTime: time,
                    duration: Int64(encoder.track.frameSamples),
                    bytes: encoded
                )
                // The frame has samples of earlier packets.
                let late = min(max(timestamp - time, 0), 4 * rate) * 1_000_000_000 / rate
                guard recorder.send(.packet(packet, arrival: arrival &- late)) else { return }
            }
        }
    }
}
