import CRabbitMQ
import Glibc
import System

/// A connection to the broker with one channel.
///
/// It belongs to the thread that created it: librabbitmq has no locks.
///
/// Every call has a limit: 5 s to connect, to log in and for an answer; a call that hangs in spite of that is ended by a
/// watchdog after 10 s. After any error the connection is unusable: release it and create another. Heartbeats are served
/// by ``nextEvent(within:)`` only, so it has to be called several times in a heartbeat (every 250 ms is good).
public final class AMQPConnection {
    static let channel: amqp_channel_t = 1
    /// The channel for what has to be done after the broker has closed the other one.
    private static let secondChannel: amqp_channel_t = 2
    private static let answerLimit = timeval(tv_sec: 5, tv_usec: 0)

    let socket: Int32
    /// Nil after ``close()``.
    private var handle: RabbitMQConnection?
    private let watch: CallWatch

    /// Connects, logs in and opens the channel.
    ///
    /// - Parameters:
    ///   - configuration: The broker and the account. For `amqps` the certificate and its host name are verified, TLS 1.2
    ///     or newer.
    ///   - name: The name in the broker's list of connections.
    /// - Throws: ``AMQPError``.
    public init(_ configuration: AMQPConfiguration, name: String) throws(AMQPError) {
        guard let raw = amqp_new_connection() else { throw AMQPError(.unreachable, "no memory for a connection") }
        let handle = RabbitMQConnection(takingOwnershipOf: raw)
        socket = try handle.lend { state throws(AMQPError) in try Self.open(state, configuration) }
        self.handle = consume handle
        watch = CallWatch(socket: socket)
        CallWatchdog.shared.add(watch)
        try logIn(configuration, name: name)
    }

    deinit { close() }

    /// Closes the connection.
    ///
    /// Unacknowledged deliveries are requeued; unconfirmed messages are in doubt.
    public func close() {
        guard handle != nil else { return }
        watch.end()
        watch.forget()
        CallWatchdog.shared.remove(watch)
        handle = nil
    }

    /// Runs a library call under the watchdog.
    func call<Result>(_ body: (OpaquePointer) -> Result) throws(AMQPError) -> Result {
        watch.begin()
        defer { watch.end() }
        guard let result = handle?.lend(body) else { throw AMQPError(.closed, "the connection was closed") }
        return result
    }

    /// Runs a call that only sends and returns a status.
    func send(_ what: String, _ body: (OpaquePointer) -> Int32) throws(AMQPError) {
        let status = try call(body)
        guard status == 0 else { throw AMQPError(status: status, what) }
    }

    /// Runs a call that waits for the broker's answer; `body` returns true if there was one.
    func request(_ what: String, _ body: (OpaquePointer, inout RabbitMQArena) -> Bool) throws(AMQPError) {
        let isAnswered = try call { state in RabbitMQArena.with { arena in body(state, &arena) } }
        guard !isAnswered else { return }
        throw AMQPError(reply: try call { amqp_get_rpc_reply($0) }, what)
    }

    // MARK: - Topology

    /// Creates each element of a topology that does not exist.
    ///
    /// - Throws: ``AMQPError``, of kind `conflict` if one exists with other arguments. If that is a queue that may be replaced,
    ///   it is deleted, and the next connection declares it anew.
    public func declare(_ topology: AMQPTopology) throws(AMQPError) {
        for exchange in topology.exchanges {
            try request("declare exchange \(exchange.name)") { state, arena in
                let (name, kind) = (arena.bytes(exchange.name), arena.bytes(exchange.kind.rawValue))
                // Not passive, durable, neither deleted when unused nor internal.
                return amqp_exchange_declare(state, Self.channel, name, kind, 0, 1, 0, 0, amqp_empty_table) != nil
            }
        }
        for queue in topology.queues {
            do throws(AMQPError) {
                try request("declare queue \(queue.name)") { state, arena in
                    let (name, arguments) = (arena.bytes(queue.name), arena.table(queue.arguments))
                    // Not passive, durable, neither exclusive nor deleted when unused.
                    return amqp_queue_declare(state, Self.channel, name, 0, 1, 0, 0, arguments) != nil
                }
            } catch {
                if queue.isReplaceable, error.kind == .conflict { try deleteAfterConflict(queue.name) }
                throw error
            }
        }
        for binding in topology.bindings {
            try request("bind queue \(binding.queue) to \(binding.exchange)") { state, arena in
                let (queue, exchange) = (arena.bytes(binding.queue), arena.bytes(binding.exchange))
                let key = arena.bytes(binding.key)
                return amqp_queue_bind(state, Self.channel, queue, exchange, key, amqp_empty_table) != nil
            }
        }
    }

    /// Deletes a queue with its messages; for tests and tools.
    public func deleteQueue(_ name: String) throws(AMQPError) {
        try request("delete queue \(name)") { state, arena in
            amqp_queue_delete(state, Self.channel, arena.bytes(name), 0, 0) != nil
        }
    }

    /// Deletes a queue over another channel: the broker closes the one on which a declaration was refused.
    private func deleteAfterConflict(_ name: String) throws(AMQPError) {
        try request("open a channel") { state, _ in amqp_channel_open(state, Self.secondChannel) != nil }
        try request("delete queue \(name)") { state, arena in
            amqp_queue_delete(state, Self.secondChannel, arena.bytes(name), 0, 0) != nil
        }
    }

    /// Returns the number of messages that wait in a queue.
    ///
    /// - Throws: ``AMQPError``, of kind `notFound` if there is no such queue.
    public func messageCount(queue name: String) throws(AMQPError) -> Int {
        var count = 0
        try request("look at queue \(name)") { state, arena in
            // A passive declaration only looks.
            let answer = amqp_queue_declare(state, Self.channel, arena.bytes(name), 1, 1, 0, 0, amqp_empty_table)
            guard let answer else { return false }
            count = Int(answer.pointee.message_count)
            return true
        }
        return count
    }

    // MARK: - Connecting

    private static func open(_ state: OpaquePointer, _ configuration: AMQPConfiguration) throws(AMQPError) -> Int32 {
        var limit = answerLimit
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
            else {
                throw AMQPError(.tls, "the certificate authorities in \(configuration.authorities) cannot be read")
            }
        }
        let port = Int32(clamping: configuration.port)
        let status = amqp_socket_open_noblock(connector, configuration.host, port, &limit)
        guard status == 0 else {
            throw AMQPError(status: status, "connect to \(configuration.host):\(port)", isConnecting: true)
        }
        let socket = amqp_get_sockfd(state)
        observer_amqp_no_delay(socket)
        return socket
    }

    private func logIn(_ configuration: AMQPConfiguration, name: String) throws(AMQPError) {
        let reply = try call { state in
            observer_amqp_login(
                state,
                configuration.virtualHost,
                Int32(clamping: configuration.heartbeatSeconds),
                configuration.user,
                configuration.password,
                name
            )
        }
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else {
            throw AMQPError(reply: reply, "log in to \(configuration)", isConnecting: true)
        }
        try request("open a channel") { state, _ in amqp_channel_open(state, Self.channel) != nil }
    }
}

@available(*, unavailable)
extension AMQPConnection: Sendable {}
