import Encodings
public import System

/// SHA-256 (FIPS 180-4), with the processor's instructions where it has them.
public enum SHA256 {
    /// The 32 bytes of the hash.
    public static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// The hash in lower-case hexadecimal.
    public static func hex(_ bytes: some Collection<UInt8>) -> String {
        hash(bytes).hex
    }

    /// The 32 bytes of the hash of what is left of a file, and the number of bytes that were hashed.
    ///
    /// - Throws: `SystemError` where the file cannot be read.
    public static func hash(_ file: borrowing File) throws(SystemError) -> (hash: [UInt8], byteCount: Int64) {
        var hasher = SHA256Hasher()
        var byteCount: Int64 = 0
        try file.readPieces { piece in
            hasher.update(piece)
            byteCount += Int64(piece.count)
        }
        return (hasher.finalize(), byteCount)
    }
}
