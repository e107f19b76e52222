import CLibCrypto

/// A key that signs (Ed25519, RFC 8032): equal bytes have equal signatures.
public struct SigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let seed: [UInt8]
    /// The 32 bytes with which anybody can check a signature.
    public let publicKey: [UInt8]

    /// `•••`.
    public var description: String { "•••" }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Takes a seed of 32 bytes.
    ///
    /// - Throws: `CryptoError` of kind `badInput` for another size.
    public init(seed: [UInt8]) throws(CryptoError) {
        guard seed.count == 32 else { throw CryptoError(.badInput, "a seed has 32 bytes, not \(seed.count)") }
        guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            throw CryptoError(.unavailable, "the library did not take the seed")
        }
        defer { EVP_PKEY_free(key) }
        var publicKey = [UInt8](repeating: 0, count: 32)
        var count = publicKey.count
        guard EVP_PKEY_get_raw_public_key(key, &publicKey, &count) == 1, count == 32 else {
            throw CryptoError(.unavailable, "the library did not compute the public key")
        }
        self.seed = seed
        self.publicKey = publicKey
    }

    /// Returns the 64 bytes that only an owner of the key can make.
    ///
    /// - Throws: `CryptoError` of kind `unavailable`.
    public func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        let context = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(key)
        }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard let key, let context, EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == 64
        else { throw CryptoError(.unavailable, "the library did not sign") }
        return signature
    }

    /// Returns true if a signature was made with the key that belongs to a public key.
    public static func isSignature(_ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]) -> Bool {
        guard signature.count == 64, publicKey.count == 32 else { return false }
        let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count)
        let context = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(key)
        }
        guard let key, let context, EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
