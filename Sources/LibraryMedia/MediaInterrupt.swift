import CLibAV
import Encodings

/// The way to reach a source that blocks in C: from any thread, `stop` makes its present and future calls end.
///
/// Safe: stop, deadline and expiry are atomics in C; everything else is used by the source's own thread alone.
public final class MediaInterrupt: @unchecked Sendable {
    let handle: OpaquePointer?

    /// Creates one; a source and its interrupt belong together.
    public init() {
        handle = observer_input_new()
    }

    deinit {
        if let handle { observer_input_free(handle) }
    }

    /// Ends the source's calls within 100 ms, for good.
    public func stop() {
        if let handle { observer_input_stop(handle) }
    }

    /// True if `stop` was called.
    public var isStopped: Bool {
        handle.map { observer_input_is_stopped($0) } ?? true
    }

    var isExpired: Bool {
        handle.map { observer_input_is_expired($0) } ?? true
    }

    /// True if no frame came any more after a playlist had begun to count anew.
    var hasRestarted: Bool {
        handle.map { observer_input_is_expired($0) && observer_input_has_restarted($0) } ?? false
    }

    func setDeadline(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        guard let handle else { return }
        observer_input_set_deadline(handle, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    /// The last warning of the libraries, without credentials; nil if there was none since the last call.
    func takeLine() -> String? {
        guard let handle else { return nil }
        let line = String(cString: observer_input_take_line(handle))
        return line.isEmpty ? nil : ShownAddress.scrub(line)
    }
}
