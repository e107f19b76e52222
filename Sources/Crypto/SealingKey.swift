import CLibCrypto

/// AES-256-GCM (NIST SP 800-38D) for small secrets at rest.
///
/// The sealed form is one byte of format (1), a random nonce of 12 bytes, the cipher text, and the tag of 16 bytes.
public struct SealingKey: Sendable, CustomStringConvertible, CustomReflectable {
    private static let format: UInt8 = 1
    private static let nonceBytes = 12
    private static let tagBytes = 16

    private let key: [UInt8]

    /// `•••`.
    public var description: String { "•••" }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Takes a key of 32 bytes.
    ///
    /// - Throws: `CryptoError` of kind `badInput` for another size.
    public init(_ key: [UInt8]) throws(CryptoError) {
        guard key.count == 32 else { throw CryptoError(.badInput, "a key has 32 bytes, not \(key.count)") }
        self.key = key
    }

    /// Derives a key for another purpose (HKDF with SHA-256, RFC 5869, one block).
    ///
    /// - Parameter purpose: The label; each gives a key of its own, from which nothing follows about the others.
    /// - Returns: 32 bytes.
    public func derived(for purpose: String) -> [UInt8] {
        let pseudorandom = HMACSHA256.authenticate(key, key: [UInt8](repeating: 0, count: 32))
        return HMACSHA256.authenticate(Array(purpose.utf8) + [1], key: pseudorandom)
    }

    /// Encrypts and authenticates.
    ///
    /// - Parameters:
    ///   - secret: The bytes to hide.
    ///   - place: The owner of the secret, such as a column of a row; opening it for another one fails, so that rows cannot
    ///     be swapped.
    /// - Returns: The sealed form.
    /// - Throws: `CryptoError` of kind `unavailable`.
    public func seal(_ secret: [UInt8], for place: String) throws(CryptoError) -> [UInt8] {
        let nonce = try SecureRandom.bytes(Self.nonceBytes)
        guard let context = EVP_CIPHER_CTX_new() else { throw CryptoError(.unavailable, "the library did not seal") }
        defer { EVP_CIPHER_CTX_free(context) }
        let place = Array(place.utf8)
        var output = [UInt8](repeating: 0, count: secret.count + 16)
        var tag = [UInt8](repeating: 0, count: Self.tagBytes)
        var count: Int32 = 0
        var tail: Int32 = 0
        guard
            EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(context, nil, &tail, place, Int32(place.count)) == 1,
            EVP_EncryptUpdate(context, &output, &count, secret, Int32(secret.count)) == 1,
            output.withUnsafeMutableBufferPointer({
                EVP_EncryptFinal_ex(context, $0.baseAddress.map { $0 + Int(count) }, &tail)
            }) == 1,
            observer_gcm_get_tag(context, &tag) == 1
        else { throw CryptoError(.unavailable, "the library did not seal") }
        return [Self.format] + nonce + output.prefix(Int(count + tail)) + tag
    }

    /// Decrypts a sealed form.
    ///
    /// - Parameters:
    ///   - sealed: The sealed form.
    ///   - place: The owner it was sealed for.
    /// - Returns: The secret.
    /// - Throws: `CryptoError` of kind `notAuthentic` where it was changed or belongs elsewhere, `badInput` where the bytes
    ///   are not a sealed form.
    public func open(_ sealed: [UInt8], for place: String) throws(CryptoError) -> [UInt8] {
        guard sealed.count >= 1 + Self.nonceBytes + Self.tagBytes, sealed[0] == Self.format else {
            throw CryptoError(.badInput, "the bytes are not a sealed form")
        }
        let nonce = Array(sealed[1..<(1 + Self.nonceBytes)])
        let text = Array(sealed[(1 + Self.nonceBytes)..<(sealed.count - Self.tagBytes)])
        let tag = Array(sealed.suffix(Self.tagBytes))
        guard let context = EVP_CIPHER_CTX_new() else { throw CryptoError(.unavailable, "the library did not open") }
        defer { EVP_CIPHER_CTX_free(context) }
        let place = Array(place.utf8)
        var output = [UInt8](repeating: 0, count: text.count + 16)
        var count: Int32 = 0
        var tail: Int32 = 0
        guard
            EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_DecryptUpdate(context, nil, &tail, place, Int32(place.count)) == 1,
            EVP_DecryptUpdate(context, &output, &count, text, Int32(text.count)) == 1,
            observer_gcm_set_tag(context, tag) == 1
        else { throw CryptoError(.unavailable, "the library did not open") }
        let authentic = output.withUnsafeMutableBufferPointer {
            EVP_DecryptFinal_ex(context, $0.baseAddress.map { $0 + Int(count) }, &tail)
        }
        guard authentic == 1 else {
            throw CryptoError(.notAuthentic, "sealed with another key, for another place, or changed")
        }
        return Array(output.prefix(Int(count + tail)))
    }
}
