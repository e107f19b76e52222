import CLibAV
import Media
import System

/// The first packets of a stream of unknown length, kept until it is known how they are to be read; see `StreamStart`.
final class HeldPackets {
    private struct Packet {
        var packet: UnsafeMutablePointer<AVPacket>
        /// In microseconds.
        var time: Int64?
        var isVideo: Bool
        var at: MonotonicInstant
    }

    private static let countLimit = 8192
    private static let bytesLimit = 64 << 20

    /// True while more packets are needed.
    private(set) var isOpen = true
    /// True if the stream is a recording.
    private(set) var isRecording = false
    private var start: StreamStart
    /// A slice, so that packets leave at its front without moving the others.
    private var packets: ArraySlice<Packet> = []
    private var bytes = 0

    /// Begins when the connection is opened.
    init(opened: MonotonicInstant) {
        start = StreamStart(opened: opened)
    }

    deinit {
        for held in packets { Self.free(held) }
    }

    /// True if nothing was kept.
    var isEmpty: Bool { packets.isEmpty }

    /// Takes what a packet refers to, which came `at` a moment; `time` is in microseconds, of video alone.
    func take(_ packet: UnsafeMutablePointer<AVPacket>, time: Int64?, isVideo: Bool, at now: MonotonicInstant) {
        guard let kept = av_packet_alloc() else { return }
        bytes += Int(packet.pointee.size)
        av_packet_move_ref(kept, packet)
        packets.append(Packet(packet: kept, time: time, isVideo: isVideo, at: now))
        guard packets.count < Self.countLimit, bytes < Self.bytesLimit else { return end(isOver: true) }
        guard let time else { return }
        switch start.take(time, at: now) {
        case .open: return
        case .recording: end(isOver: true)
        case .live(let from):
            isOpen = false
            drop(before: from)
        }
    }

    /// Ends the wait for more packets.
    ///
    /// - Parameter isOver: True if all that the stream has came at once.
    func end(isOver: Bool) {
        isOpen = false
        isRecording = isOver
    }

    /// Passes the next packet on; returns when it came, or nil if there is none left.
    func next(into packet: UnsafeMutablePointer<AVPacket>) -> MonotonicInstant? {
        guard let held = packets.popFirst() else { return nil }
        av_packet_move_ref(packet, held.packet)
        Self.free(held)
        return held.at
    }

    /// Leaves out what was captured before the connection was opened.
    private func drop(before time: Int64) {
        let kept = packets.firstIndex { $0.isVideo && ($0.time.map { $0 >= time } ?? true) } ?? packets.endIndex
        for held in packets[..<kept] { Self.free(held) }
        packets.removeSubrange(..<kept)
    }

    private static func free(_ held: Packet) {
        var freed: UnsafeMutablePointer<AVPacket>? = held.packet
        av_packet_free(&freed)
    }
}
