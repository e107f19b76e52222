import AMQP
import TestSupport
import Testing

@Suite(.enabled(if: TestBroker.isGiven))
struct AMQPPublisherTests {
    @Test func `a confirmed message arrives with its properties`() throws {
        let name = TestBroker.name("arrive")
        let connection = try AMQPConnection(TestBroker.required(), name: name)
        try connection.declare(TestBroker.topology(name))
        let publisher = try AMQPPublisher(connection)
        var sent = TestBroker.message(name, body: "hello")
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
            let tag = try publisher.publish(TestBroker.message(name, key: isLost ? "nowhere" : "k"))
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
        for _ in 0..<6 { _ = try publisher.publish(TestBroker.message(name)) }
        let outcomes = try publisher.waitForConfirms(within: .seconds(5)).values
        #expect(outcomes.contains(.refused) && outcomes.contains(.confirmed))
        try connection.deleteQueue(name)
    }

    @Test func `more than 64 unconfirmed messages are not sent`() throws {
        let name = TestBroker.name("limit")
        let connection = try AMQPConnection(TestBroker.required(), name: name)
        try connection.declare(TestBroker.topology(name))
        let publisher = try AMQPPublisher(connection)
        for _ in 0..<AMQPPublisher.limit { _ = try publisher.publish(TestBroker.message(name)) }
        #expect { try publisher.publish(TestBroker.message(name)) } throws: { ($0 as? AMQPError)?.kind == .blocked }
        #expect(try publisher.waitForConfirms(within: .seconds(10)).count == AMQPPublisher.limit)
        try connection.deleteQueue(name)
    }
}
