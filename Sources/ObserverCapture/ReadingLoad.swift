/// The bytes that a stream brings in a turn of the loop, from which follows how often it has to be read.
///
/// A pure value. What comes between two turns has to fit into the buffer of a socket, or its sender waits and a camera may
/// leave out frames.
struct ReadingLoad: Hashable, Sendable {
    /// The bytes that the buffer takes.
    private let room: Int
    /// The most of the last turns; an old one counts for an eighth less with each turn.
    private var bytes = 0

    private init(room: Int) {
        self.room = room
    }

    /// That of a connection over TCP, whose buffer the kernel makes larger than what was read at once (tcp(7), `tcp_rmem`).
    static let connection = ReadingLoad(room: 512 << 10)

    /// That of a socket pair, whose buffer is as large as Linux is set up (`net.core.wmem_default`).
    static let socketPair = ReadingLoad(room: 208 << 10)

    /// Takes note of a turn that has read `count` bytes.
    mutating func take(_ count: Int) {
        bytes = max(count, bytes - bytes / 8)
    }

    /// True while it may be read half as often as others.
    var isLight: Bool { bytes < room / 2 }

    /// True while it has to be read as soon as something comes.
    var isHeavy: Bool { bytes >= room / 3 * 2 }
}
