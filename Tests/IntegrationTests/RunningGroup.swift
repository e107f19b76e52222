import Lifecycle
import Logging
import System
import Testing

/// The services of a program on threads of this process, stopped in order at the end of a scope.
final class RunningGroup {
    private let stop = StopSignal()
    private let code = Monitor<Int32?>(nil)
    private var hasEnded = false

    init(_ stages: [Stage], logger: Logger) {
        DedicatedThread.start(name: "group") { [stop, code] in
            let result = ServiceGroup(logger: logger, stages: stages).run(until: stop)
            code.withLock { $0 = result }
        }
    }

    /// Stops the services and expects that none of them failed.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        stop.stop()
        let result = code.take(until: .now() + .seconds(30)) { $0 }
        #expect(result == 0, "the services did not stop in order")
    }

    deinit { end() }
}
