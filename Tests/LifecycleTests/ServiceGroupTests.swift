import System
import Lifecycle
import Logging
import Testing

/// A service that records what happens to it.
private final class Probe: Service {
    struct Failure: Error {}

    enum Behaviour: Sendable {
        case normal, failsToStart, failsLater, returns
        /// Ignores the stop until the monitor is true.
        case hangs(Monitor<Bool>)
    }

    let name: String
    private let behaviour: Behaviour
    private let record: Monitor<[String]>

    init(_ name: String, _ record: Monitor<[String]>, _ behaviour: Behaviour = .normal) {
        self.name = name
        self.record = record
        self.behaviour = behaviour
    }

    func start() throws {
        record.withLock { $0.append("\(name) starts") }
        if case .failsToStart = behaviour { throw Failure() }
    }

    func run(until stop: StopSignal) throws {
        switch behaviour {
        case .normal, .failsToStart: stop.wait()
        case .failsLater: throw Failure()
        case .returns: break
        case .hangs(let mayEnd): mayEnd.wait { $0 }
        }
        record.withLock { $0.append("\(name) ended") }
    }
}

@Suite struct ServiceGroupTests {
    private let record = Monitor<[String]>([])
    private let stop = StopSignal()
    private let log = MemoryLogSink()

    private func run(_ stages: [Stage]) -> Int32 {
        ServiceGroup(logger: Logger(label: "test", level: .debug, sink: log), stages: stages).run(until: stop)
    }

    private func stage(_ services: Probe..., limit: Duration = .seconds(30)) -> Stage {
        Stage("stage", shutdownLimit: limit, services: services)
    }

    private func stopWhen(_ test: @escaping @Sendable ([String]) -> Bool) {
        DedicatedThread.start(name: "stopper") { [record, stop] in
            record.wait { test($0) }
            stop.stop()
        }
    }

    @Test func `stages start in order and stop in reverse`() {
        stopWhen { $0.count == 3 }
        let code = run([stage(Probe("a", record)), stage(Probe("b", record)), stage(Probe("c", record))])
        #expect(code == 0)
        #expect(
            record.withLock { $0 } == ["a starts", "b starts", "c starts", "c ended", "b ended", "a ended"]
        )
        #expect(log.lines.isEmpty)
    }

    @Test func `a start that fails keeps later stages from starting and stops earlier ones`() {
        let code = run([
            stage(Probe("a", record)), stage(Probe("b", record, .failsToStart)), stage(Probe("c", record)),
        ])
        #expect(code == 1)
        #expect(record.withLock { $0 } == ["a starts", "b starts", "a ended"])
        #expect(log.lines.map(\.message) == ["Service failed"])
        #expect(log.lines.first?.fields[.serviceName] == "b")
    }

    @Test func `a service that throws later or returns by itself ends the group with code 1`() {
        for (behaviour, message) in [
            (Probe.Behaviour.failsLater, "Service failed"), (.returns, "Service ended by itself"),
        ] {
            let log = MemoryLogSink()
            let logger = Logger(label: "test", level: .debug, sink: log)
            let stages = [stage(Probe("a", record)), stage(Probe("b", record, behaviour))]
            #expect(ServiceGroup(logger: logger, stages: stages).run(until: StopSignal()) == 1)
            #expect(record.withLock { $0 }.last == "a ended")
            #expect(log.lines.map(\.message) == [message])
        }
    }

    @Test func `a service beyond its stage's limit is left behind, and earlier stages stop all the same`() {
        let mayEnd = Monitor(false)
        stopWhen { $0.count == 2 }
        let code = run([
            stage(Probe("a", record)), stage(Probe("b", record, .hangs(mayEnd)), limit: .milliseconds(50)),
        ])
        #expect(code == 0)
        #expect(record.withLock { $0 }.last == "a ended")
        #expect(log.lines.map(\.message) == ["Service did not stop in time"])
        mayEnd.withLock { $0 = true }
    }

    @Test func `a stop before the start starts nothing`() {
        stop.stop()
        #expect(run([stage(Probe("a", record))]) == 0)
        #expect(record.withLock { $0 }.isEmpty)
    }
}
