import System
import AMQP
import Lifecycle
import Logging
import TestSupport
import Testing

/// The broker that the test command gives, and queues of one test's own on it.
enum TestBroker {
    static var isGiven: Bool { TestEnvironment.has(.amqp) }

    static func required() throws -> AMQPConfiguration {
        try AMQPConfiguration(url: TestEnvironment.address(of: .amqp))
    }

    /// A logger for connections whose log no test reads.
    static let logger = Logger(label: "test", level: .error)

    /// A name that no other test has.
    static func name(_ stem: String) -> String { "test.\(stem).\(UInt64.random(in: 0 ... .max))" }

    /// An exchange with one queue bound to the key `k`.
    static func topology(_ name: String, arguments: [String: AMQPValue] = ["x-queue-type": "quorum"]) -> AMQPTopology {
        AMQPTopology(
            exchanges: [.init(name)],
            queues: [.init(name, arguments: arguments)],
            bindings: [.init(queue: name, exchange: name, key: "k")]
        )
    }
}

extension MemoryLogSink {
    /// What was logged about a connection: "connected", or the words of the error.
    var connectionChanges: [String] {
        lines.map { line in
            guard line.message != "Broker connected" else { return "connected" }
            return "\(line.fields[.error] ?? "")"
        }
    }
}

/// Values that other threads bring, to be waited for with a deadline.
final class Collected<Value: Sendable>: Sendable {
    private let values = Monitor<[Value]>([])

    func add(_ value: Value) { values.withLock { $0.append(value) } }

    var all: [Value] { values.withLock { $0 } }

    /// Waits until the values pass the test; gives what there is then.
    func wait(seconds: Int64 = 20, until test: @escaping ([Value]) -> Bool) -> [Value] {
        // ignored: the caller checks the values
        _ = values.wait(until: MonotonicInstant.now() + .seconds(seconds), test)
        return all
    }
}

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
