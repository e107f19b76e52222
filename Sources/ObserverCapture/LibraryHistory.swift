import Media
import System

/// The lessons of a camera about the ways to read it, while its settings stay.
///
/// A pure value.
struct LibraryHistory: Sendable {
    /// A camera is tried without the library again after this time: it may have new firmware.
    private static let foreignMemory = Duration.seconds(3600)

    private var foreignUntil: MonotonicInstant?
    private var quarantine = Quarantine()
    private var cause = ""

    /// Takes note that the camera cannot be read without the library.
    mutating func foundForeign(at now: MonotonicInstant) {
        foreignUntil = now + Self.foreignMemory
    }

    /// Returns true if the camera is to be read by the library at once.
    func isForeign(at now: MonotonicInstant) -> Bool {
        foreignUntil.map { $0 > now } ?? false
    }

    /// Takes note that the library broke down over the camera.
    mutating func breakDown(_ error: MediaError, at now: MonotonicInstant) {
        cause = error.detail
        quarantine.breakDown(at: now)
    }

    /// The end of the time in which the library is kept from the camera; nil if it is not.
    func quarantineEnd(at now: MonotonicInstant) -> MonotonicInstant? {
        quarantine.end(at: now)
    }

    /// The reason why the library is kept from the camera.
    var refusal: MediaError {
        MediaError(
            .badStream,
            "\(cause), three times within an hour; it is left alone for an hour: change its codec, stream or firmware, then retry"
        )
    }

    /// Forgets the quarantine, because a person wants the camera to be read.
    mutating func lift() {
        quarantine.lift()
    }
}
