import System
import AMQP
import Glibc
import Logging
import TestSupport
import Testing

@Suite(.enabled(if: TestBroker.isGiven && PrivateBroker.isInstalled), .serialized)
struct AMQPFaultTests {
    @Test func `confirmed messages survive the death of the broker, and both sides reconnect`() throws {
        let broker = try PrivateBroker()
        defer { #expect(throws: Never.self) { try broker.end() } }
        let name = TestBroker.name("kill")
        let topology = TestBroker.topology(name)
        let publisher = AMQPConfirmedPublisher(
            broker.configuration,
            name: "p",
            topology: topology,
            logger: TestBroker.logger
        )
        let publishing = Running(publisher)
        let outcomes = Collected<Int>()
        let unconfirmed = Collected<Int>()

        func publish(_ numbers: Range<Int>, within limit: Duration) {
            for number in numbers {
                let message = AMQPMessage(exchange: name, routingKey: "k", body: Array("\(number)".utf8))
                publisher.publish(message, within: limit) { outcome in
                    if outcome == .confirmed { outcomes.add(number) } else { unconfirmed.add(number) }
                }
            }
        }
        // RabbitMQ 3.10 loses a quorum queue that is younger than a second or two when it is killed.
        let ripe = MonotonicInstant.now() + .seconds(4)
        var next = 0
        // Bounded, because all of them are received again at the end.
        while next < 1000 {
            publish(next..<next + 20, within: .seconds(120))
            next += 20
            let expected = next
            _ = outcomes.wait { $0.count == expected }
        }
        #expect(poll(for: .seconds(5)) { MonotonicInstant.now() >= ripe })
        publish(next..<next + 200, within: .seconds(120))
        try broker.kill9()
        let confirmedBefore = outcomes.all.count
        // While it is away nothing hangs, and messages with time left wait.
        #expect(
            publisher.publish(AMQPMessage(exchange: name, routingKey: "k", body: []), within: .milliseconds(300))
                == .unconfirmed
        )
        publish(next + 200..<next + 300, within: .seconds(120))
        let total = next + 300
        try broker.start()
        #expect(
            outcomes.wait(seconds: 60) { $0.count == total }.count == total,
            "\(confirmedBefore) were confirmed before"
        )
        #expect(unconfirmed.all.isEmpty)

        let received = Collected<Int>()
        let consuming = Running(
            AMQPConsumerService(
                broker.configuration,
                name: "c",
                topology: topology,
                queue: name,
                prefetch: 100,
                logger: TestBroker.logger
            ) { open in
                if let number = Int(String(decoding: open.delivery.message.body, as: UTF8.self)) {
                    received.add(number)
                }
                open.acknowledge()
            }
        )
        // Deliveries that were unacknowledged when a connection ended come twice.
        let all = Set(0..<total)
        #expect(Set(received.wait(seconds: 60) { $0.count >= total && Set($0) == all }) == all)
        consuming.end()
        publishing.end()
    }

    @Test func `a memory alarm blocks publishing without hanging a caller, and ends`() throws {
        let broker = try PrivateBroker()
        defer { #expect(throws: Never.self) { try broker.end() } }
        let name = TestBroker.name("alarm")
        let log = MemoryLogSink()
        let publisher = AMQPConfirmedPublisher(
            broker.configuration,
            name: "p",
            topology: TestBroker.topology(name),
            logger: Logger(label: "test", level: .info, sink: log)
        )
        let publishing = Running(publisher)
        let message = AMQPMessage(exchange: name, routingKey: "k", body: [UInt8](repeating: 7, count: 4000))
        #expect(publisher.publish(message, within: .seconds(20)) == .confirmed)
        try broker.control("set_vm_memory_high_watermark absolute 1MB")
        let late = Collected<AMQPPublishOutcome>()
        for _ in 0..<20 { publisher.publish(message, within: .milliseconds(100)) { late.add($0) } }
        let begin = MonotonicInstant.now()
        #expect(publisher.publish(message, within: .milliseconds(300)) == .unconfirmed)
        #expect(MonotonicInstant.now() - begin < .seconds(1))
        // Messages sent before the alarm was known are given up at their deadline as well.
        #expect(poll { !publisher.isConnected })
        #expect(late.wait { $0.count == 20 }.count == 20)
        try expectHangingCallToEnd(AMQPPublisher(AMQPConnection(broker.configuration, name: "hang")))
        try broker.control("set_vm_memory_high_watermark 0.6")
        #expect(publisher.publish(message, within: .seconds(30)) == .confirmed)
        // The connection stood all the time, longer than a confirm may take.
        let changes = log.connectionChanges
        #expect(changes.count == 3 && changes[1].contains("blocked"), "\(changes)")
        publishing.end()
    }

    /// Expects the watchdog to end a call that waits inside the library.
    private func expectHangingCallToEnd(_ publisher: AMQPPublisher) throws {
        let begin = MonotonicInstant.now()
        #expect(throws: AMQPError.self) {
            // Far more than the socket buffers hold, so that the library waits in the call.
            for _ in 0..<AMQPPublisher.limit {
                _ = try publisher.publish(
                    AMQPMessage(exchange: "amq.topic", routingKey: "k", body: [UInt8](repeating: 7, count: 2_000_000))
                )
            }
        }
        let duration = MonotonicInstant.now() - begin
        #expect(duration > .seconds(5) && duration < .seconds(20), "took \(duration)")
    }

    @Test func `TLS is used, and only with a broker whose certificate can be verified`() throws {
        let broker = try PrivateBroker()
        defer { #expect(throws: Never.self) { try broker.end() } }
        let connection = try AMQPConnection(broker.secureConfiguration(host: "localhost"), name: "tls")
        #expect(throws: AMQPError.self) { try connection.messageCount(queue: "none") }
        for wrong in [
            try broker.secureConfiguration(host: "127.0.0.1"),
            try broker.secureConfiguration(host: "localhost", isTrusted: false),
        ] {
            #expect { try AMQPConnection(wrong, name: "tls") } throws: { ($0 as? AMQPError)?.kind == .tls }
        }
    }
}
