import AMQP
import Testing

@Suite struct AMQPURLTests {
    @Test func `a full URL is read`() throws {
        let url = try AMQPConfiguration(
            url:
                "amqps://ob%40server:s%2Fecret@broker.example:5679/obs%2Fone?heartbeat=20&cacertfile=%2Fetc%2Fca.pem"
        )
        #expect(url.isSecure)
        #expect(url.user == "ob@server")
        #expect(url.host == "broker.example")
        #expect(url.port == 5679)
        #expect(url.virtualHost == "obs/one")
        #expect(url.heartbeatSeconds == 20)
        #expect(url.authorities == "/etc/ca.pem")
    }

    @Test func `what is left out has RabbitMQ's usual value`() throws {
        let url = try AMQPConfiguration(url: "amqp://localhost")
        #expect(url.port == 5672)
        #expect(url.user == "guest")
        #expect(url.virtualHost == "/")
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
        let url = try AMQPConfiguration(url: "amqp://observer:topsecret@host/v")
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped, "\(Optional(url) as Any)"] {
            #expect(!text.contains("topsecret"))
        }
        #expect("\(url)" == "amqp://observer@host:5672/v")
    }
}
