import Media
import System

@testable import ObserverCapture

/// A source on the thread of a test, which may wait.
extension CameraSource {
    /// Opens the stream and waits until it is open.
    func openNow(into segmenter: @escaping (StreamDescription) -> RunSegmenter) throws(MediaError) {
        open(into: segmenter)
        while phase == .opening { try pass() }
    }

    /// Takes what has come after a short while.
    func read() throws(MediaError) { try pass() }

    /// Takes leave and waits for the end of it.
    func closeNow() {
        close()
        while phase != .closed {
            do throws(MediaError) { try pass() } catch { return }
        }
    }

    private func pass() throws(MediaError) {
        _ = Monitor(false).wait(until: .now() + .milliseconds(10)) { $0 }
        try turn(at: .now())
    }
}
