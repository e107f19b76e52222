import AMQP
import Logging
import TestSupport

/// The broker that the test command gives, and queues of one test's own on it.
enum TestBroker {
    static var isGiven: Bool { TestEnvironment.has(.amqp) }

    static func required() throws -> AMQPConfiguration {
        try AMQPConfiguration(url: TestEnvironment.address(of: .amqp))
    }

    /// A logger for connections whose log no test reads.
    static let logger = Logger(label: "test", level: .error)

    /// A message with the body `x`, unless another is given.
    static func message(_ exchange: String, key: String = "k", body: String = "x") -> AMQPMessage {
        AMQPMessage(exchange: exchange, routingKey: key, body: Array(body.utf8))
    }

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
    /// The logged changes of a connection: "connected", or the text of the error.
    var connectionChanges: [String] {
        lines.map { line in
            guard line.message != "Broker connected" else { return "connected" }
            return "\(line.fields[.error] ?? "")"
        }
    }
}
