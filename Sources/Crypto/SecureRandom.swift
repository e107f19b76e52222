import CLibCrypto

/// Random numbers that nobody can predict (RAND_bytes(3)).
public enum SecureRandom {
    /// Returns `count` random bytes.
    ///
    /// - Throws: `CryptoError` of kind `unavailable` where the system has no entropy to give.
    public static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else {
            throw CryptoError(.unavailable, "no entropy for random bytes")
        }
        return bytes
    }
}
