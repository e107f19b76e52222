import AMQP
import Testing

@Suite(.enabled(if: TestBroker.isGiven))
struct AMQPConnectionTests {
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

    @Test func `a queue of copies that was declared otherwise is declared anew by the next connection`() throws {
        let name = TestBroker.name("replaced")
        let first = try AMQPConnection(TestBroker.required(), name: name)
        try first.declare(TestBroker.topology(name))
        let wanted = AMQPTopology(
            queues: [AMQPQueue(name, arguments: ["x-queue-type": "quorum", "x-max-length": 3], isReplaceable: true)]
        )
        let second = try AMQPConnection(TestBroker.required(), name: name)
        #expect { try second.declare(wanted) } throws: { ($0 as? AMQPError)?.kind == .conflict }
        let third = try AMQPConnection(TestBroker.required(), name: name)
        try third.declare(wanted)
        try third.deleteQueue(name)
    }

    @Test func `a wrong password is refused and a closed port is unreachable`() throws {
        let url = try TestBroker.required()
        let wrong = try AMQPConfiguration(url: "amqp://nobody:wrong@\(url.host):\(url.port)")
        #expect { try AMQPConnection(wrong, name: "t") } throws: { ($0 as? AMQPError)?.kind == .refused }
        let closed = try AMQPConfiguration(url: "amqp://127.0.0.1:1")
        #expect { try AMQPConnection(closed, name: "t") } throws: { ($0 as? AMQPError)?.kind == .unreachable }
    }

    @Test func `a call on a closed connection is an error`() throws {
        let connection = try AMQPConnection(TestBroker.required(), name: "closed")
        let publisher = try AMQPPublisher(connection)
        connection.close()
        connection.close()
        #expect { try publisher.publish(TestBroker.message("")) } throws: { ($0 as? AMQPError)?.kind == .closed }
        #expect { try publisher.confirmations() } throws: { ($0 as? AMQPError)?.kind == .closed }
    }
}
