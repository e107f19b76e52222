/// The newest video packets of a live playlist that were recorded, so that none is recorded again after a reconnect.
///
/// A new connection begins with the newest segment of the playlist, which may be known by then, in part or as a whole. It is
/// recognised by its bytes and times; the first packet that is not ends the search, and so does one that is older than the one
/// before it: what comes again in another order is no rest of what was. A pure value.
public struct PlaylistMemory: Sendable {
    private struct Mark: Hashable {
        var time: Int64
        var hash: Int
    }

    /// Packets that are remembered: a minute at 60 frames a second, more at others.
    private static let most = 4096
    /// Times of MPEG-TS have 33 bits, and libavformat may count on.
    private static let timeBits: Int64 = (1 << 33) - 1

    private var numbers: [Mark: Int] = [:]
    private var marks: [Mark] = []
    /// The number of the first of the marks.
    private var firstNumber = 0
    /// The last packet that came again; nil once the stream goes on with what is new.
    private var lastRepeated: Int?

    /// Creates a memory of nothing.
    public init() {}

    /// Takes note that a connection begins.
    public mutating func reconnect() {
        lastRepeated = marks.isEmpty ? nil : -1
    }

    /// Returns true if a packet came before.
    mutating func hasSeen(_ packet: MediaPacket) -> Bool {
        guard let last = lastRepeated else { return false }
        guard let mark = Self.mark(packet), let number = numbers[mark], number > last else {
            lastRepeated = nil
            return false
        }
        lastRepeated = number
        return true
    }

    /// Remembers a packet that was recorded.
    mutating func remember(_ packet: MediaPacket) {
        guard let mark = Self.mark(packet) else { return }
        numbers[mark] = firstNumber + marks.count
        marks.append(mark)
        // By halves, so that it costs little.
        guard marks.count >= 2 * Self.most else { return }
        for (offset, mark) in marks.prefix(Self.most).enumerated() where numbers[mark] == firstNumber + offset {
            numbers[mark] = nil
        }
        marks.removeFirst(Self.most)
        firstNumber += Self.most
    }

    private static func mark(_ packet: MediaPacket) -> Mark? {
        guard let time = packet.presentationTime ?? packet.decodeTime else { return nil }
        var hasher = Hasher()
        hasher.combine(bytes: packet.bytes)
        return Mark(time: time & timeBits, hash: hasher.finalize())
    }
}
