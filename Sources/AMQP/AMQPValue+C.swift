import CRabbitMQ

// Bytes and tables of the library as Swift values: copies, since the library's buffers are reused.

extension amqp_bytes_t {
    var array: [UInt8] {
        guard let bytes, len > 0 else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: len))
    }

    var text: String { String(decoding: array, as: UTF8.self) }
}

extension amqp_table_t {
    /// The entries that an ``AMQPValue`` can hold.
    var values: [String: AMQPValue] {
        var values: [String: AMQPValue] = [:]
        for entry in UnsafeBufferPointer(start: entries, count: max(Int(num_entries), 0)) {
            if let value = AMQPValue(entry.value) { values[entry.key.text] = value }
        }
        return values
    }
}

extension AMQPValue {
    /// Reads a field value; nil for kinds that are not read, and for a number beyond `Int64`.
    init?(_ field: amqp_field_value_t) {
        let value = field.value
        switch Int(field.kind) {
        case Int(AMQP_FIELD_KIND_BOOLEAN.rawValue): self = .bool(value.boolean != 0)
        case Int(AMQP_FIELD_KIND_I8.rawValue): self = .int(Int64(value.i8))
        case Int(AMQP_FIELD_KIND_U8.rawValue): self = .int(Int64(value.u8))
        case Int(AMQP_FIELD_KIND_I16.rawValue): self = .int(Int64(value.i16))
        case Int(AMQP_FIELD_KIND_U16.rawValue): self = .int(Int64(value.u16))
        case Int(AMQP_FIELD_KIND_I32.rawValue): self = .int(Int64(value.i32))
        case Int(AMQP_FIELD_KIND_U32.rawValue): self = .int(Int64(value.u32))
        case Int(AMQP_FIELD_KIND_I64.rawValue): self = .int(value.i64)
        case Int(AMQP_FIELD_KIND_U64.rawValue):
            guard let number = Int64(exactly: value.u64) else { return nil }
            self = .int(number)
        case Int(AMQP_FIELD_KIND_UTF8.rawValue), Int(AMQP_FIELD_KIND_BYTES.rawValue): self = .string(value.bytes.text)
        default: return nil
        }
    }
}
