import Encodings

extension BitReader {
    /// Reads `ue(v)` (H.264, 9.1); 0, and the reader is exhausted, where there is no such code.
    mutating func unsigned() -> UInt32 { exponentialGolomb() ?? 0 }

    /// Reads `se(v)` (H.264, 9.1.1).
    mutating func signed() -> Int64 {
        let code = Int64(unsigned())
        return code & 1 == 1 ? (code + 1) / 2 : -(code / 2)
    }
}
