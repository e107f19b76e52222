import AMQP
import Glibc
import Logging
import System
import TestSupport
import Testing

@Suite(.enabled(if: TestBroker.isGiven))
struct AMQPConsumerServiceTests {
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
        #expect(publisher.publish(TestBroker.message(name), within: .seconds(10)) == .confirmed)
        #expect(received.wait { $0.count == 1 } == ["got"])
        publishing.end()
        consuming.end()
        try AMQPConnection(url, name: name).deleteQueue(name)
    }

    @Test func `deliveries that are not acknowledged at the stop are requeued, those acknowledged late are not`() throws
    {
        let url = try TestBroker.required()
        let name = TestBroker.name("drain")
        let topology = TestBroker.topology(name)
        let connection = try AMQPConnection(url, name: name)
        try connection.declare(topology)
        let publisher = try AMQPPublisher(connection)
        for _ in 0..<2 { _ = try publisher.publish(TestBroker.message(name)) }
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

    @Test func `a consumer knows when the broker had nothing more to say, and when it could not be reached`() throws {
        let name = TestBroker.name("silence")
        func consumer(_ broker: AMQPConfiguration) -> AMQPConsumerService {
            AMQPConsumerService(
                broker,
                name: "c",
                topology: TestBroker.topology(name),
                queue: name,
                prefetch: 5,
                logger: TestBroker.logger,
                handler: { $0.acknowledge() }
            )
        }
        let quiet = consumer(try TestBroker.required())
        #expect(quiet.newestSilence == nil)
        let consuming = Running(quiet)
        #expect(poll { quiet.newestSilence?.isConnected == true })
        let first = try #require(quiet.newestSilence?.at)
        #expect(poll { quiet.newestSilence.map { $0.at > first } ?? false })
        consuming.end()
        try AMQPConnection(try TestBroker.required(), name: name).deleteQueue(name)

        let cut = consumer(try AMQPConfiguration(url: "amqp://127.0.0.1:1"))
        let trying = Running(cut)
        #expect(poll { cut.newestSilence?.isConnected == false })
        trying.end()
    }
}
