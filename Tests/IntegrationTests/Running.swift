import Lifecycle
import System
import Testing

/// A service on a thread, stopped at the end of a scope.
final class Running {
    private let stop = StopSignal()
    private let thread: DedicatedThread

    init(_ service: any Service) {
        let stop = stop
        thread = DedicatedThread.start(name: "test-service") {
            do { try service.run(until: stop) } catch { Issue.record("\(service.name) ended: \(error)") }
        }
    }

    func end() {
        stop.stop()
        thread.join()
    }

    deinit { end() }
}
