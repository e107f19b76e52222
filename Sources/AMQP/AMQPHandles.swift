import CRabbitMQ
import Glibc

/// An `amqp_connection_state_t` of librabbitmq with its socket, destroyed when it goes out of scope.
struct RabbitMQConnection: ~Copyable {
    private let raw: OpaquePointer

    init(takingOwnershipOf raw: OpaquePointer) {
        self.raw = raw
    }

    deinit { amqp_destroy_connection(raw) }

    /// Lends the state to one call of the library; the pointer must not escape.
    func lend<Result, Failure>(_ body: (OpaquePointer) throws(Failure) -> Result) throws(Failure) -> Result {
        try body(raw)
    }
}

/// A message that the library has read, freed when it goes out of scope.
struct RabbitMQMessage: ~Copyable {
    private let raw: amqp_message_t

    init(takingOwnershipOf raw: amqp_message_t) {
        self.raw = raw
    }

    deinit {
        var raw = raw
        amqp_destroy_message(&raw)
    }

    /// Lends the properties, which point into the message.
    func withProperties<Result>(_ body: (amqp_basic_properties_t) -> Result) -> Result {
        body(raw.properties)
    }

    /// A copy of the body.
    var body: [UInt8] { raw.body.array }
}

/// Memory that the library may read during one call: copies of texts and tables, freed together.
///
/// The library keeps no pointer after a call returns, so an arena lives as long as the call.
struct RabbitMQArena: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = []

    static func with<Result>(_ body: (inout RabbitMQArena) -> Result) -> Result {
        var arena = RabbitMQArena()
        return body(&arena)
    }

    deinit {
        for block in blocks { block.deallocate() }
    }

    mutating func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { buffer in
            guard let source = buffer.baseAddress, buffer.count > 0 else { return amqp_empty_bytes }
            let copy = UnsafeMutableRawPointer.allocate(byteCount: buffer.count, alignment: 1)
            copy.copyMemory(from: source, byteCount: buffer.count)
            blocks.append(copy)
            return amqp_bytes_t(len: buffer.count, bytes: copy)
        }
    }

    mutating func table(_ values: [String: AMQPValue]) -> amqp_table_t {
        guard !values.isEmpty else { return amqp_empty_table }
        let entries = UnsafeMutablePointer<amqp_table_entry_t>.allocate(capacity: values.count)
        blocks.append(UnsafeMutableRawPointer(entries))
        for (index, (key, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
            var entry = amqp_table_entry_t()
            entry.key = bytes(key)
            switch value {
            case .string(let text):
                entry.value.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
                entry.value.value.bytes = bytes(text)
            case .int(let number):
                entry.value.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
                entry.value.value.i64 = number
            case .bool(let flag):
                entry.value.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
                entry.value.value.boolean = flag ? 1 : 0
            }
            entries.advanced(by: index).initialize(to: entry)
        }
        return amqp_table_t(num_entries: Int32(clamping: values.count), entries: entries)
    }
}

/// An eventfd(2), closed when it goes out of scope.
struct EventDescriptor: ~Copyable, Sendable {
    private let raw: Int32

    /// Creates an event that does not block; where the system has no descriptor left, posting does nothing.
    init() {
        raw = observer_eventfd()
    }

    deinit { if raw >= 0 { close(raw) } }

    func post() {
        if raw >= 0 { observer_event_post(raw) }
    }

    /// Waits until `socket` can be read, the event was posted, or the time is over; clears the event.
    func wait(orReadable socket: Int32, milliseconds: Int32) {
        _ = observer_wait_readable(socket, raw, milliseconds)  // ignored: the caller looks at everything anyway
    }
}
