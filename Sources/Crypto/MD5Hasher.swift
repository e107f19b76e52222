import CLibCrypto

/// MD5 (RFC 1321) of bytes that come piece by piece, for stores whose word for an object is its MD5.
///
/// A hasher is used by one thread and once: `finalize` ends it.
public struct MD5Hasher: ~Copyable {
    private let context: OpaquePointer  // EVP_MD_CTX

    private init(takingOwnershipOf context: OpaquePointer) {
        self.context = context
    }

    /// Begins a hash; returns nil where the system's policy forbids the algorithm.
    public static func begin() -> MD5Hasher? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        let hasher = MD5Hasher(takingOwnershipOf: context)
        guard EVP_DigestInit_ex(context, EVP_md5(), nil) == 1 else { return nil }
        return hasher
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        EVP_DigestUpdate(context, start, bytes.count)
    }

    /// Ends the hash.
    ///
    /// - Returns: Its 16 bytes.
    public mutating func finalize() -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 16)
        EVP_DigestFinal_ex(context, &hash, nil)
        return hash
    }
}
