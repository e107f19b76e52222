import Encodings
import RTP
import RTSP

/// Packets that wait until the first frame of the audio has told its format, which no description has (MPEG audio).
///
/// A file has its tracks in its first bytes, so nothing can be written before.
struct HeldMedia {
    /// How long the audio is waited for, in nanoseconds; its frames are at most 72 ms apart.
    static let limit: Int64 = 1_000_000_000
    /// So many bytes end the wait.
    private static let waitLimit = 4 << 20
    /// So many are kept: some may come until there is a segmenter.
    private static let bytesLimit = 16 << 20

    struct Packet {
        var bytes: [UInt8]
        var origin: RTSPMedia
        var now: Int64
        var wallClock: Int64
    }

    /// The stream as far as it is described.
    let description: StreamDescription
    /// True until the wait is over.
    var isWaiting = true
    private(set) var packets: [Packet] = []
    private var bytes = 0

    init(_ description: StreamDescription) {
        self.description = description
    }

    /// Keeps a packet; returns false if it is not to be waited any longer.
    mutating func keep(_ packet: Packet) -> Bool {
        guard bytes + packet.bytes.count <= Self.bytesLimit else { return false }
        packets.append(packet)
        bytes += packet.bytes.count
        return bytes < Self.waitLimit
    }
}

extension CameraReader {
    /// Keeps a packet until the format of the audio is known; that of the audio may tell it.
    func hold(_ bytes: UnsafeRawBufferPointer, from origin: RTSPMedia, now: Int64, wallClock: Int64) {
        let packet = HeldMedia.Packet(bytes: Array(bytes), origin: origin, now: now, wallClock: wallClock)
        let hasRoom = held?.keep(packet) ?? false
        if origin.track > 0, origin.kind == .rtp, !RTPPacket.isControl(bytes), let packet = RTPPacket(bytes),
            let header = MPEGAudioHeader(packet)
        {
            stopHolding(header)
        } else if !hasRoom {
            stopHolding(nil)
        }
    }

    /// Ends the wait; without a header nothing of the audio came.
    func stopHolding(_ header: MPEGAudioHeader?) {
        guard let held, held.isWaiting else { return }
        self.held?.isWaiting = false
        var description = held.description
        if let header, let track = CameraTracks.audio(header) {
            description.audio = track
            audioClock = TrackClock(rate: 90_000, ticks: track.sampleRate)
        } else {
            audio = nil
            audioReceiver = nil
            let reason = header.map { "browsers cannot play layer \($0.layer)" } ?? "none of it came within a second"
            description.notes.append("the audio (MPEG audio) was left out: \(reason)")
        }
        events.append(.opened(description))
    }

    /// Reads the packets that waited, once there is a segmenter for them.
    func releaseHeld() throws(MediaError) {
        guard let held, !held.isWaiting, segmenter != nil else { return }
        self.held = nil
        for packet in held.packets {
            var failure: MediaError?
            packet.bytes.withUnsafeBytes { bytes in
                do throws(MediaError) {
                    try take(bytes, from: packet.origin, now: packet.now, wallClock: packet.wallClock)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
    }
}
