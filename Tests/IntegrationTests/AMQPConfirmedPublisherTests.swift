import AMQP
import System
import Testing

@Suite(.enabled(if: TestBroker.isGiven))
struct AMQPConfirmedPublisherTests {
    @Test func `many threads publish over one connection, and every message is consumed and acknowledged`() throws {
        let url = try TestBroker.required()
        let name = TestBroker.name("many")
        let topology = TestBroker.topology(name)
        let publisher = AMQPConfirmedPublisher(url, name: "p", topology: topology, logger: TestBroker.logger)
        let publishing = Running(publisher)
        let received = Collected<String>()
        let consuming = Running(
            AMQPConsumerService(
                url,
                name: "c",
                topology: topology,
                queue: name,
                prefetch: 50,
                logger: TestBroker.logger
            ) { open in
                received.add(String(decoding: open.delivery.message.body, as: UTF8.self))
                open.acknowledge()
            }
        )
        let outcomes = Collected<AMQPPublishOutcome>()
        let threads = (0..<4).map { thread in
            DedicatedThread.start(name: "t\(thread)") {
                for index in 0..<250 {
                    let message = AMQPMessage(exchange: name, routingKey: "k", body: Array("\(thread)/\(index)".utf8))
                    if index % 10 == 0 {
                        outcomes.add(publisher.publish(message, within: .seconds(10)))
                    } else {
                        publisher.publish(message, within: .seconds(10)) { outcomes.add($0) }
                    }
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(outcomes.wait { $0.count == 1000 }.allSatisfy { $0 == .confirmed })
        #expect(Set(received.wait { $0.count >= 1000 && Set($0).count == 1000 }).count == 1000)
        publishing.end()
        consuming.end()
        let connection = try AMQPConnection(url, name: name)
        #expect(try connection.messageCount(queue: name) == 0)
        try connection.deleteQueue(name)
    }

    @Test func `without a broker a caller waits no longer than its limit`() throws {
        let publisher = AMQPConfirmedPublisher(
            try AMQPConfiguration(url: "amqp://127.0.0.1:1"),
            name: "p",
            topology: AMQPTopology(),
            logger: TestBroker.logger
        )
        let publishing = Running(publisher)
        let begin = MonotonicInstant.now()
        #expect(publisher.publish(TestBroker.message("x"), within: .milliseconds(300)) == .unconfirmed)
        #expect(MonotonicInstant.now() - begin < .milliseconds(600))
        publishing.end()
        #expect(publisher.publish(TestBroker.message("x"), within: .seconds(5)) == .unconfirmed)
    }
}
