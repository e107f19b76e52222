import CRabbitMQ
import Testing

@testable import AMQP

@Suite struct AMQPValueTests {
    private func read(_ kind: amqp_field_value_kind_t, _ set: (inout amqp_field_value_t) -> Void) -> AMQPValue? {
        var field = amqp_field_value_t()
        field.kind = UInt8(kind.rawValue)
        set(&field)
        return AMQPValue(field)
    }

    @Test func `numbers of every width are read`() {
        #expect(read(AMQP_FIELD_KIND_I8) { $0.value.i8 = .min } == .int(-128))
        #expect(read(AMQP_FIELD_KIND_U8) { $0.value.u8 = .max } == .int(255))
        #expect(read(AMQP_FIELD_KIND_I16) { $0.value.i16 = .min } == .int(-32_768))
        #expect(read(AMQP_FIELD_KIND_U16) { $0.value.u16 = .max } == .int(65_535))
        #expect(read(AMQP_FIELD_KIND_I32) { $0.value.i32 = .min } == .int(Int64(Int32.min)))
        #expect(read(AMQP_FIELD_KIND_U32) { $0.value.u32 = .max } == .int(Int64(UInt32.max)))
        #expect(read(AMQP_FIELD_KIND_I64) { $0.value.i64 = .min } == .int(.min))
        #expect(read(AMQP_FIELD_KIND_U64) { $0.value.u64 = UInt64(Int64.max) } == .int(.max))
    }

    @Test func `a number beyond 64 signed bits and kinds that are not known are left out`() {
        #expect(read(AMQP_FIELD_KIND_U64) { $0.value.u64 = .max } == nil)
        #expect(read(AMQP_FIELD_KIND_F64) { $0.value.f64 = .infinity } == nil)
        #expect(read(AMQP_FIELD_KIND_VOID) { _ in } == nil)
        var unknown = amqp_field_value_t()
        unknown.kind = 0
        #expect(AMQPValue(unknown) == nil)
    }

    @Test func `text may be empty or damaged`() {
        #expect(read(AMQP_FIELD_KIND_UTF8) { $0.value.bytes = amqp_empty_bytes } == .string(""))
        var bytes: [UInt8] = [0x61, 0xFF]
        bytes.withUnsafeMutableBytes { buffer in
            let text = amqp_bytes_t(len: buffer.count, bytes: buffer.baseAddress)
            #expect(read(AMQP_FIELD_KIND_BYTES) { $0.value.bytes = text } == .string("a\u{FFFD}"))
        }
    }

    @Test func `a table of no entries, or of fewer than none, is empty`() {
        #expect(amqp_empty_table.values.isEmpty)
        #expect(amqp_table_t(num_entries: -1, entries: nil).values.isEmpty)
    }

    @Test func `a table survives being written and read`() {
        let values: [String: AMQPValue] = ["text": "ü", "number": .int(.min), "flag": false, "empty": ""]
        #expect(RabbitMQArena.with { arena in arena.table(values).values } == values)
    }
}
