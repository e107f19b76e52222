import FastCGIWire
import Media
import ObserverCore
import System

/// The units of a live HLS playlist (RFC 8216): fragments of the recording, put together from key frame to key frame.
///
/// A pure value, kept while somebody asks for it. Units are numbered by the second in which the first was made, so that the numbers
/// rise also where another recorder goes on with the camera.
struct LivePlaylist {
    private struct Unit {
        var number: Int64
        var bytes: [LiveBytes]
        var count: Int
        var duration90k: Int64
        /// The number of the init section.
        var head: Int64
        var isDiscontinuous: Bool
    }

    /// The unit that is being put together.
    private struct Open {
        var fragments: [LiveBytes] = []
        var bytes = 0
        var start90k: Int64
        var end90k: Int64
        var duration90k: Int64 { end90k - start90k }
    }

    /// Nobody has asked for it for so long: it goes.
    static let patience = Duration.seconds(30)
    /// `EXT-X-TARGETDURATION`, which never changes.
    private static let targetSeconds: Int64 = 5
    private static let shortest: Int64 = 90_000
    /// A unit without a key frame ends after this; with the longest fragment it has less than the target.
    private static let longest: Int64 = 4 * 90_000
    /// The list shows three times the target, and units stay a little longer than they are shown.
    private static let shown90k = 3 * targetSeconds * 90_000
    private static let kept90k = 5 * targetSeconds * 90_000
    /// A player begins before the end of the list, and gives up where there is nothing behind that (Chromium).
    private static let leastUnits = 3
    private static let bytesLimit = 48 << 20
    private static let unitLimit = 16 << 20

    private var units: [Unit] = []
    private var heads: [Int64: LiveBytes] = [:]
    private var head: Int64 = 0
    private var open: Open?
    private var next: Int64
    private var discontinuities: Int64 = 0
    private var isBroken = false
    private var askedAt: MonotonicInstant
    private(set) var hasAudio = false
    private(set) var codecs = ""
    /// True once it has a beginning.
    var isBegun: Bool { !heads.isEmpty }

    init(at now: MonotonicInstant, time: Timestamp) {
        next = time.milliseconds / 1000
        askedAt = now
    }

    // MARK: What is recorded

    /// Begins anew, with another init section and what lies in the spool.
    mutating func begin(_ join: LiveJoin, group: [UInt8]?) {
        close()
        isBroken = !units.isEmpty
        hasAudio = join.hasAudio
        codecs = join.head.codecs
        head = next
        heads[head] = LiveBytes(join.head.bytes)
        open = nil
        guard join.isWhole, let group else { return }
        var start = 0
        var from = join.groupStart90k
        for mark in join.marks {
            let end = Int(mark.bytes)
            guard start < end, end <= group.count else { return }
            add(LiveBytes(Array(group[start..<end])), from: from, to: mark.end90k)
            if units.count < Self.leastUnits - 1 || open.map({ $0.duration90k >= Self.longest }) == true { close() }
            (start, from) = (end, mark.end90k)
        }
    }

    /// Takes the next fragment.
    mutating func take(_ fragment: LiveFragment) {
        guard isBegun else { return }
        let isStart = fragment.kind != .dependent
        // Nothing can be begun in the middle of a group.
        guard open != nil || isStart || units.last.map({ $0.head == head }) == true else { return }
        if let present = open {
            let isLong = present.duration90k + fragment.end90k - fragment.start90k > Self.longest
            if isStart && present.duration90k >= Self.shortest || isLong || fragment.start90k < present.end90k
                || present.bytes > Self.unitLimit
            {
                close()
            }
        }
        add(LiveBytes(fragment.bytes), from: fragment.start90k, to: fragment.end90k)
    }

    private mutating func add(_ bytes: LiveBytes, from start: Int64, to end: Int64) {
        var present = open ?? Open(start90k: start, end90k: end)
        present.fragments.append(bytes)
        present.bytes += bytes.framed.count
        present.end90k = max(end, present.start90k)
        open = present
    }

    /// Ends the unit that is being put together.
    mutating func close() {
        guard let present = open, present.duration90k > 0 else { return }
        open = nil
        units.append(
            Unit(
                number: next,
                bytes: present.fragments,
                count: present.bytes,
                duration90k: present.duration90k,
                head: head,
                isDiscontinuous: isBroken
            )
        )
        isBroken = false
        next += 1
        trim()
    }

    private mutating func trim() {
        var (length, bytes) = (units.reduce(0) { $0 + $1.duration90k }, units.reduce(0) { $0 + $1.count })
        while units.count > 3, length - units[0].duration90k > Self.kept90k || bytes > Self.bytesLimit {
            let gone = units.removeFirst()
            length -= gone.duration90k
            bytes -= gone.count
            if gone.isDiscontinuous { discontinuities += 1 }
        }
        let used = Set(units.map(\.head)).union([head])
        heads = heads.filter { used.contains($0.key) }
    }

    // MARK: Who asks

    /// Takes note that somebody asks, who is not to wait for key frames where units are few.
    mutating func ask(at now: MonotonicInstant) {
        askedAt = now
        if units.count < Self.leastUnits, let open, open.duration90k >= Self.shortest / 5 { close() }
    }

    /// Returns true if nobody has asked for long.
    func isOver(at now: MonotonicInstant) -> Bool { now - askedAt > Self.patience }

    /// The playlist; nil while it has too few units for a player.
    var text: String? {
        guard units.count >= Self.leastUnits else { return nil }
        var first = units.count
        var length: Int64 = 0
        while first > 0, length < Self.shown90k || units.count - first < 3 {
            first -= 1
            length += units[first].duration90k
        }
        // The tag of the first one is left out, and counted.
        let passed = units[...first].count { $0.isDiscontinuous }
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(Self.targetSeconds)",
            "#EXT-X-MEDIA-SEQUENCE:\(units[first].number)",
            "#EXT-X-DISCONTINUITY-SEQUENCE:\(discontinuities + Int64(passed))",
        ]
        var shown: Int64?
        for unit in units[first...] {
            if unit.isDiscontinuous, shown != nil { lines.append("#EXT-X-DISCONTINUITY") }
            if shown != unit.head { lines.append("#EXT-X-MAP:URI=\"live/init-\(unit.head).mp4\"") }
            shown = unit.head
            lines.append("#EXTINF:\(Self.seconds(unit.duration90k)),")
            lines.append("live/\(unit.number).mp4")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The bytes of a unit or an init section, by the name that the playlist has for it, `17` or `init-17`; nil for another one.
    func bytes(named name: String) -> [LiveBytes]? {
        if name.hasPrefix("init-") { return Int64(name.dropFirst(5)).flatMap { heads[$0] }.map { [$0] } }
        guard let number = Int64(name) else { return nil }
        return units.first { $0.number == number }?.bytes
    }

    private static func seconds(_ ticks: Int64) -> String {
        let milliseconds = max((ticks + 45) / 90, 1)
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
