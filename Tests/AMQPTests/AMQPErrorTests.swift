import CRabbitMQ
import Errors
import Testing

@testable import AMQP

@Suite struct AMQPErrorTests {
    @Test(arguments: [
        (AMQP_STATUS_TIMEOUT, false, AMQPError.Kind.timeout), (AMQP_STATUS_SSL_PEER_VERIFY_FAILED, true, .tls),
        (AMQP_STATUS_SSL_ERROR, false, .closed), (AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED, true, .unreachable),
        (AMQP_STATUS_SOCKET_ERROR, true, .unreachable), (AMQP_STATUS_SOCKET_ERROR, false, .closed),
        (AMQP_STATUS_BAD_AMQP_DATA, false, .protocolViolation),
    ])
    func `each status has its kind`(status: amqp_status_enum, isConnecting: Bool, kind: AMQPError.Kind) {
        let error = AMQPError(status: status.rawValue, "publish", isConnecting: isConnecting)
        #expect(error.kind == kind)
        #expect(error.detail.hasPrefix("publish: "))
    }

    @Test func `a description has kind, detail and advice`() {
        let error = AMQPError(.conflict, "declare queue a: 406 inequivalent arg", replyCode: 406)
        #expect("\(error)".hasPrefix("amqp conflict: declare queue a: 406"))
        #expect(error.advice.contains("delete the queue"))
    }
}
