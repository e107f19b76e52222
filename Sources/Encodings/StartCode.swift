extension UnsafeRawBufferPointer {
    /// Returns the place of the next start code 00 00 01 at or behind `start` (ITU-T H.264, annex B); nil if there is none.
    ///
    /// Coded video has few zeros, so eight bytes without one are passed over at once.
    public func startCode(from start: Int) -> Int? {
        var index = Swift.max(start, 0)
        while index <= count - 8 {
            let word = loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // A byte is zero where taking one from it borrows from its highest bit, and that bit was not set.
            if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 {
                for place in index..<Swift.min(index + 8, count - 2) where isStartCode(place) { return place }
            }
            index += 8
        }
        while index < count - 2 {
            if isStartCode(index) { return index }
            index += 1
        }
        return nil
    }

    private func isStartCode(_ place: Int) -> Bool {
        self[place] == 0 && self[place + 1] == 0 && self[place + 2] == 1
    }
}
