import System
import AMQP
import Glibc
import Logging
import TestSupport
import Testing

@Suite(.enabled(if: TestBroker.isGiven))
struct AMQPTests {
    private func message(_ exchange: String, key: String = "k", _ body: String = "x") -> AMQPMessage {
        AMQPMessage(exchange: exchange, routingKey: key, body: Array(body.utf8))
    }

    @Test func `a confirmed message arrives with its properties`() throws {
        let name = TestBroker.name("arrive")
        let connection = try AMQPConnection(TestBroker.required(), name: name)
        try connection.declare(TestBroker.topology(name))
        let publisher = try AMQPPublisher(connection)
        var sent = message(name, "hello")
        sent.messageID = "id-1"
        sent.headers = ["text": "ü", "number": -5, "flag": true]
        let tag = try publisher.publish(sent)
        #expect(try publisher.waitForConfirms(within: .seconds(5)) == [tag: .confirmed])

        let other = try AMQPConnection(TestBroker.required(), name: name)
        let consumer = try AMQPConsumer(other, queue: name, prefetch: 1)
        let first = try #require(try consumer.next(within: .seconds(5)))
        #expect(first.message == sent)
        #expect(!first.isRedelivered)
        try consumer.reject(first.tag, requeue: true)
        let second = try #require(try consumer.next(within: .seconds(5)))
        #expect(second.isRedelivered)
        try consumer.acknowledge(second.tag)
        #expect(poll { try connection.messageCount(queue: name) == 0 })
        try other.deleteQueue(name)
    }

    @Test func `a message without a queue is returned, its neighbours are confirmed`() throws {
        let name = TestBroker.name("return")
        let connection = try AMQPConnection(TestBroker.required(), name: name)
        try connection.declare(TestBroker.topology(name))
        let publisher = try AMQPPublisher(connection)
        var expected: [UInt64: AMQPPublishOutcome] = [:]
        for index in 0..<40 {
            let isLost = index % 3 == 0
            let tag = try publisher.publish(message(name, key: isLost ? "nowhere" : "k"))
            expected[tag] = isLost ? .returned : .confirmed
        }
        #expect(try publisher.waitForConfirms(within: .seconds(10)) == expected)
        try connection.deleteQueue(name)
    }

    @Test func `a full queue refuses`() throws {
        let name = TestBroker.name("full")
        let connection = try AMQPConnection(TestBroker.required(), name: name)
        try connection.declare(
            TestBroker.topology(
                name,
                arguments: ["x-queue-type": "classic", "x-max-length": 2, "x-overflow": "reject-publish"]
            )
        )
        let publisher = try AMQPPublisher(connection)
        for _ in 0..<6 { _ = try publisher.publish(message(name)) }
        let outcomes = try publisher.waitForConfirms(within: .seconds(5)).values
        #expect(outcomes.contains(.refused) && outcomes.contains(.confirmed))
        try connection.deleteQueue(name)
    }

    @Test func `more than 64 unconfirmed messages are not sent`() throws {
        let name = TestBroker.name("limit")
        let connection = try AMQPConnection(TestBroker.required(), name: name)
        try connection.declare(TestBroker.topology(name))
        let publisher = try AMQPPublisher(connection)
        for _ in 0..<AMQPPublisher.limit { _ = try publisher.publish(message(name)) }
        #expect { try publisher.publish(message(name)) } throws: { ($0 as? AMQPError)?.kind == .blocked }
        #expect(try publisher.waitForConfirms(within: .seconds(10)).count == AMQPPublisher.limit)
        try connection.deleteQueue(name)
    }

    @Test func `other arguments are a conflict and a missing queue is not found`() throws {
        let name = TestBroker.name("conflict")
        try AMQPConnection(TestBroker.required(), name: name).declare(TestBroker.topology(name))
        let second = try AMQPConnection(TestBroker.required(), name: name)
        #expect {
            try second.declare(TestBroker.topology(name, arguments: ["x-queue-type": "classic"]))
        } throws: {
            ($0 as? AMQPError)?.kind == .conflict
        }
        let third = try AMQPConnection(TestBroker.required(), name: name)
        #expect { try third.messageCount(queue: "no.such.queue") } throws: { ($0 as? AMQPError)?.kind == .notFound }
        try AMQPConnection(TestBroker.required(), name: name).deleteQueue(name)
    }

    @Test func `a wrong password is refused and a closed port is unreachable`() throws {
        let url = try TestBroker.required()
        let wrong = try AMQPConfiguration(url: "amqp://nobody:wrong@\(url.host):\(url.port)")
        #expect { try AMQPConnection(wrong, name: "t") } throws: { ($0 as? AMQPError)?.kind == .refused }
        let closed = try AMQPConfiguration(url: "amqp://127.0.0.1:1")
        #expect { try AMQPConnection(closed, name: "t") } throws: { ($0 as? AMQPError)?.kind == .unreachable }
    }

    @Test func `many threads publish over one connection and all is consumed and acknowledged`() throws {
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

    @Test func `a consumer whose queue is deleted declares it again and goes on`() throws {
        let url = try TestBroker.required()
        let name = TestBroker.name("deleted")
        let topology = TestBroker.topology(name)
        let received = Collected<String>()
        let log = MemoryLogSink()
        let service = AMQPConsumerService(
            url,
            name: "c",
            topology: topology,
            queue: name,
            prefetch: 5,
            logger: Logger(label: "test", level: .info, sink: log),
            handler: { open in
                received.add("got")
                open.acknowledge()
            }
        )
        let consuming = Running(service)
        #expect(poll { log.connectionChanges == ["connected"] })
        try AMQPConnection(url, name: name).deleteQueue(name)
        #expect(poll { log.lines.count == 3 })
        let changes = log.connectionChanges
        #expect(changes[0] == "connected" && changes[1].contains("cancelled") && changes[2] == "connected")
        let publisher = AMQPConfirmedPublisher(url, name: "p", topology: AMQPTopology(), logger: TestBroker.logger)
        let publishing = Running(publisher)
        #expect(publisher.publish(message(name), within: .seconds(10)) == .confirmed)
        #expect(received.wait { $0.count == 1 } == ["got"])
        publishing.end()
        consuming.end()
        try AMQPConnection(url, name: name).deleteQueue(name)
    }

    @Test func `what is not acknowledged at the stop goes back to the queue, what is resolved late does not`() throws {
        let url = try TestBroker.required()
        let name = TestBroker.name("drain")
        let topology = TestBroker.topology(name)
        let connection = try AMQPConnection(url, name: name)
        try connection.declare(topology)
        let publisher = try AMQPPublisher(connection)
        for _ in 0..<2 { _ = try publisher.publish(message(name)) }
        _ = try publisher.waitForConfirms(within: .seconds(5))
        let open = Collected<AMQPOpenDelivery>()
        let service = AMQPConsumerService(
            url,
            name: "c",
            topology: topology,
            queue: name,
            prefetch: 5,
            logger: TestBroker.logger,
            drainLimit: .milliseconds(600),
            handler: { open.add($0) }
        )
        let consuming = Running(service)
        let first = try #require(open.wait { $0.count == 2 }.first)
        let late = DedicatedThread.start(name: "late") {
            usleep(200_000)
            first.acknowledge()
        }
        consuming.end()
        late.join()
        #expect(poll { try connection.messageCount(queue: name) == 1 })
        try connection.deleteQueue(name)
    }

    @Test func `without a broker a caller waits no longer than it said`() throws {
        let publisher = AMQPConfirmedPublisher(
            try AMQPConfiguration(url: "amqp://127.0.0.1:1"),
            name: "p",
            topology: AMQPTopology(),
            logger: TestBroker.logger
        )
        let publishing = Running(publisher)
        let begin = MonotonicInstant.now()
        #expect(publisher.publish(message("x"), within: .milliseconds(300)) == .unconfirmed)
        #expect(MonotonicInstant.now() - begin < .milliseconds(600))
        publishing.end()
        #expect(publisher.publish(message("x"), within: .seconds(5)) == .unconfirmed)
    }
}
