import AMQP
import Testing

@Suite struct AMQPConfigurationTests {
    @Test func `a full URL is read`() throws {
        let broker = try AMQPConfiguration(
            url: "amqps://ob%40server:s%2Fecret@broker.example:5679/obs%2Fone?heartbeat=20&cacertfile=%2Fetc%2Fca.pem"
        )
        #expect(broker.isSecure)
        #expect(broker.user == "ob@server")
        #expect(broker.host == "broker.example")
        #expect(broker.port == 5679)
        #expect(broker.virtualHost == "obs/one")
        #expect(broker.heartbeatSeconds == 20)
        #expect(broker.authorities == "/etc/ca.pem")
    }

    @Test func `parts that are left out have RabbitMQ's defaults`() throws {
        let broker = try AMQPConfiguration(url: "amqp://localhost")
        #expect(broker.port == 5672)
        #expect(broker.user == "guest")
        #expect(broker.virtualHost == "/")
        #expect(try AMQPConfiguration(url: "amqps://localhost/").port == 5671)
        #expect(try AMQPConfiguration(url: "amqp://[::1]:5673/x").host == "::1")
    }

    @Test(arguments: [
        "", "amqp:/x", "http://host", "amqp://", "amqp://host:0", "amqp://host:99999", "amqp://host:x", "amqp://a b/",
        "amqp://u:%zz@host", "amqp://u:%00@host", "amqp://host/a/b", "amqp://[::1", "amqp://::1/", "amqp://host?x=1",
        "amqp://host?heartbeat=0", "amqp://u:%ff@host",
    ])
    func `a wrong URL is refused without being repeated`(text: String) {
        do {
            _ = try AMQPConfiguration(url: text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.kind == .badURL)
            #expect(text.isEmpty || !error.detail.contains(text))
        }
    }

    @Test func `the password cannot be printed`() throws {
        let broker = try AMQPConfiguration(url: "amqp://observer:topsecret@host/v")
        var dumped = ""
        dump(broker, to: &dumped)
        for text in ["\(broker)", String(reflecting: broker), dumped, "\(Optional(broker) as Any)"] {
            #expect(!text.contains("topsecret"))
        }
        #expect("\(broker)" == "amqp://observer@host:5672/v")
    }
}
