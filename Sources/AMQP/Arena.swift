import CRabbitMQ
import Glibc

/// Memory that librabbitmq may read during one call: copies of texts and tables, freed together.
///
/// The library keeps no pointer after a call returns, so an arena lives as long as the call (`withArena`).
struct Arena: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = []

    static func with<Result>(_ body: (inout Arena) -> Result) -> Result {
        var arena = Arena()
        return body(&arena)
    }

    deinit {
        for block in blocks { free(block) }
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
        return amqp_table_t(num_entries: Int32(values.count), entries: entries)
    }
}

/// Bytes of the library as Swift values; copies, since the library's buffers are reused.
extension amqp_bytes_t {
    var array: [UInt8] {
        guard let bytes, len > 0 else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: len))
    }

    var text: String { String(decoding: array, as: UTF8.self) }
}

extension amqp_table_t {
    /// The entries whose kinds Observer reads; others are left out.
    var values: [String: AMQPValue] {
        var values: [String: AMQPValue] = [:]
        guard let entries else { return values }
        for index in 0..<Int(num_entries) {
            let entry = entries[index]
            if let value = entry.value.readable { values[entry.key.text] = value }
        }
        return values
    }
}

extension amqp_field_value_t {
    fileprivate var readable: AMQPValue? {
        switch Int(kind) {
        case Int(AMQP_FIELD_KIND_BOOLEAN.rawValue): .bool(value.boolean != 0)
        case Int(AMQP_FIELD_KIND_I8.rawValue): .int(Int64(value.i8))
        case Int(AMQP_FIELD_KIND_U8.rawValue): .int(Int64(value.u8))
        case Int(AMQP_FIELD_KIND_I16.rawValue): .int(Int64(value.i16))
        case Int(AMQP_FIELD_KIND_U16.rawValue): .int(Int64(value.u16))
        case Int(AMQP_FIELD_KIND_I32.rawValue): .int(Int64(value.i32))
        case Int(AMQP_FIELD_KIND_U32.rawValue): .int(Int64(value.u32))
        case Int(AMQP_FIELD_KIND_I64.rawValue): .int(value.i64)
        case Int(AMQP_FIELD_KIND_U64.rawValue): Int64(exactly: value.u64).map { .int($0) }
        case Int(AMQP_FIELD_KIND_UTF8.rawValue), Int(AMQP_FIELD_KIND_BYTES.rawValue): .string(value.bytes.text)
        default: nil
        }
    }
}
