/// A set of RTP payload types, 0 to 127.
struct PayloadTypeSet: Hashable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ types: some Sequence<UInt8> = []) {
        for type in types { insert(type) }
    }

    mutating func insert(_ type: UInt8) {
        if type < 64 { low |= 1 << UInt64(type) } else if type < 128 { high |= 1 << UInt64(type - 64) }
    }

    func contains(_ type: UInt8) -> Bool {
        type < 64 ? low & (1 << UInt64(type)) != 0 : type < 128 && high & (1 << UInt64(type - 64)) != 0
    }
}
