import Glibc
import LibraryMedia
import Media
import ObserverCore
import System

/// Reads one camera and passes its packets on.
enum CameraReading {
    private static let forbidden = MediaError(
        .refused,
        "the address points to where cameras may not be; OBSERVER_CAMERA_NETWORKS sets what is allowed"
    )
    /// Taking leave of a camera ends by then.
    private static let leaveLimit: UInt32 = 3

    static func run(_ stream: LibraryStream, for recorder: RecorderSocket) {
        guard let policy = NetworkPolicy(text: stream.networks) else {
            recorder.send(.failed(forbidden))
            return
        }
        let interrupt = MediaInterrupt()
        recorder.whenClosed {
            interrupt.stop()
            sleep(leaveLimit)
            _exit(0)
        }
        var source = LibAVSource(stream, interrupt: interrupt) { (bytes, port) throws(MediaError) in
            guard let address = IPAddress(bytes: bytes), policy.allows(address, port: port) else { throw forbidden }
        }
        do throws(MediaError) {
            try read(&source, for: recorder)
        } catch {
            if let line = source.takeWarning() { recorder.send(.warning(line)) }
            recorder.send(.failed(error))
        }
        source.close()
    }

    private static func read(_ source: inout LibAVSource, for recorder: RecorderSocket) throws(MediaError) {
        guard recorder.send(.opened(try source.open())) else { return }
        while recorder.send(.packet(try source.next(), arrival: source.arrival.nanoseconds)) {}
    }
}
