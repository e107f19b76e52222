import Encodings
import CLibCrypto

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
}

/// SHA-256 of bytes that come piece by piece.
///
/// `finalize` ends it; a hasher is used once and by one thread.
public struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer  // EVP_MD_CTX

    /// Begins a hash.
    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto has no memory for a hash")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        EVP_DigestUpdate(context, start, bytes.count)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) }
        if done == nil { Array(bytes).withUnsafeBytes { update($0) } }
    }

    /// Ends the hash.
    ///
    /// - Returns: Its 32 bytes.
    public mutating func finalize() -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &hash, nil)
        return hash
    }
}

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
    /// The 32 bytes that only one who has the key can make.
    public static func authenticate(_ message: some Collection<UInt8>, key: some Collection<UInt8>) -> [UInt8] {
        let key = Array(key)
        let message = Array(message)
        var result = [UInt8](repeating: 0, count: 32)
        HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &result, nil)
        return result
    }
}

/// Comparison that takes the same time wherever the first difference is.
public func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    let left = Array(left)
    let right = Array(right)
    return left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}

/// Bytes that nobody can guess.
public enum SecureRandom {
    /// `count` random bytes.
    ///
    /// - Throws: `CryptoError` where the system has no entropy to give.
    public static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw CryptoError(.unavailable, "random bytes") }
        return bytes
    }
}
