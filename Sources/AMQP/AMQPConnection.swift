import CRabbitMQ
import Glibc

/// One connection to the broker with one channel.
///
/// It belongs to the thread that made it: librabbitmq has no locks.
///
/// Every call has a limit: 5 s to connect, to log in and for an answer; a call that hangs in spite of that is ended by
/// a watchdog after 10 s. After any error the connection is of no more use: let it go and make another. Heartbeats are
/// served by ``nextEvent(within:)`` only, so it has to be called several times in a heartbeat (250 ms is good).
public final class AMQPConnection {
    static let answerLimit: Duration = .seconds(5)
    static let channel: amqp_channel_t = 1

    let socket: Int32
    private let state: OpaquePointer  // amqp_connection_state_t
    private let watch: CallWatch
    private var isOpen = true

    /// Connects, logs in and opens the channel.
    ///
    /// - Parameters:
    ///   - configuration: The broker and the account. For `amqps` the certificate and its host name are verified, TLS 1.2 or newer.
    ///   - name: Shown in the broker's list of connections.
    /// - Throws: ``AMQPError``.
    public init(_ configuration: AMQPConfiguration, name: String) throws(AMQPError) {
        guard let state = amqp_new_connection() else { throw AMQPError(.unreachable, "no memory for a connection") }
        do {
            socket = try Self.open(state, configuration)
        } catch {
            amqp_destroy_connection(state)
            throw error
        }
        self.state = state
        watch = CallWatch(socket: socket)
        CallWatchdog.shared.add(watch)
        do {
            try logIn(configuration, name: name)
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    /// Lets the connection go.
    ///
    /// What was neither confirmed nor acknowledged is decided by the broker: unacknowledged
    /// deliveries go back to their queue.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        watch.end()
        watch.forget()
        CallWatchdog.shared.remove(watch)
        amqp_destroy_connection(state)
    }

    /// Runs a library call under the watchdog.
    func call<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        watch.begin()
        defer { watch.end() }
        return body(state)
    }

    // MARK: - Topology

    /// Makes sure that everything in a topology exists.
    ///
    /// - Throws: ``AMQPError``; kind `conflict` when something exists with other arguments.
    public func declare(_ topology: AMQPTopology) throws(AMQPError) {
        for exchange in topology.exchanges {
            try request("declare exchange \(exchange.name)") { state, arena in
                amqp_exchange_declare(
                    state,
                    Self.channel,
                    arena.bytes(exchange.name),
                    arena.bytes(exchange.kind.rawValue),
                    0,
                    1,
                    0,
                    0,
                    amqp_empty_table
                ) != nil
            }
        }
        for queue in topology.queues {
            try request("declare queue \(queue.name)") { state, arena in
                amqp_queue_declare(
                    state,
                    Self.channel,
                    arena.bytes(queue.name),
                    0,
                    1,
                    0,
                    0,
                    arena.table(queue.arguments)
                ) != nil
            }
        }
        for binding in topology.bindings {
            try request("bind queue \(binding.queue) to \(binding.exchange)") { state, arena in
                amqp_queue_bind(
                    state,
                    Self.channel,
                    arena.bytes(binding.queue),
                    arena.bytes(binding.exchange),
                    arena.bytes(binding.key),
                    amqp_empty_table
                ) != nil
            }
        }
    }

    /// Deletes a queue with all that is in it; for tests and for tools.
    public func deleteQueue(_ name: String) throws(AMQPError) {
        try request("delete queue \(name)") { state, arena in
            amqp_queue_delete(state, Self.channel, arena.bytes(name), 0, 0) != nil
        }
    }

    /// How many messages wait in a queue.
    ///
    /// - Throws: ``AMQPError``; kind `notFound` when there is no such queue.
    public func messageCount(queue name: String) throws(AMQPError) -> Int {
        var count = 0
        try request("look at queue \(name)") { state, arena in
            guard
                let answer = amqp_queue_declare(
                    state,
                    Self.channel,
                    arena.bytes(name),
                    1,
                    1,
                    0,
                    0,
                    amqp_empty_table
                )
            else { return false }
            count = Int(answer.pointee.message_count)
            return true
        }
        return count
    }

    /// A call that waits for the broker's answer; `body` tells whether there was one.
    func request(_ what: String, _ body: (OpaquePointer, inout Arena) -> Bool) throws(AMQPError) {
        let isAnswered = call { state in Arena.with { arena in body(state, &arena) } }
        guard !isAnswered else { return }
        throw AMQPError(reply: amqp_get_rpc_reply(state), what)
    }

    /// Checks the result of a call that only sends.
    func sent(_ status: Int32, _ what: String) throws(AMQPError) {
        guard status == 0 else { throw AMQPError(status: status, what) }
    }

    // MARK: - Connecting

    private static func open(_ state: OpaquePointer, _ configuration: AMQPConfiguration) throws(AMQPError) -> Int32 {
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        guard amqp_set_handshake_timeout(state, &limit) == 0, amqp_set_rpc_timeout(state, &limit) == 0 else {
            throw AMQPError(.protocolViolation, "librabbitmq took no time limits")
        }
        let made = configuration.isSecure ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state)
        guard let connector = made else { throw AMQPError(.unreachable, "no memory for a socket") }
        if configuration.isSecure {
            amqp_ssl_socket_set_verify_peer(connector, 1)
            amqp_ssl_socket_set_verify_hostname(connector, 1)
            guard amqp_ssl_socket_set_ssl_versions(connector, AMQP_TLSv1_2, AMQP_TLSvLATEST) == 0,
                amqp_ssl_socket_set_cacert(connector, configuration.authorities) == 0
            else { throw AMQPError(.tls, "the certificate authorities in \(configuration.authorities) cannot be read") }
        }
        let status = amqp_socket_open_noblock(connector, configuration.host, Int32(configuration.port), &limit)
        guard status == 0 else {
            throw AMQPError(
                status: status,
                "connect to \(configuration.host):\(configuration.port)",
                isConnecting: true
            )
        }
        let socket = amqp_get_sockfd(state)
        observer_amqp_no_delay(socket)
        return socket
    }

    private func logIn(_ configuration: AMQPConfiguration, name: String) throws(AMQPError) {
        let what = "log in to \(configuration)"
        let reply = call { state in
            observer_amqp_login(
                state,
                configuration.virtualHost,
                Int32(configuration.heartbeatSeconds),
                configuration.user,
                configuration.password,
                name
            )
        }
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else { throw AMQPError(reply: reply, what, isConnecting: true) }
        try request("open a channel") { state, _ in amqp_channel_open(state, Self.channel) != nil }
    }
}

@available(*, unavailable)
extension AMQPConnection: Sendable {}
