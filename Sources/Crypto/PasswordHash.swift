import CLibCrypto
import Encodings

/// The hash of a person's password by scrypt (RFC 7914), written as `$scrypt$ln=17,r=8,p=1$<salt>$<hash>` in base64.
///
/// The cost is OWASP's (Password Storage Cheat Sheet): N = 2^17, r = 8, p = 1, which takes 128 MiB and a few tenths of a
/// second; callers limit how many run at once.
public struct PasswordHash: Sendable, Hashable {
    /// The cost of one hash.
    public struct Cost: Sendable, Hashable {
        /// The base-2 logarithm of N, 1 to 20.
        public let logN: Int
        /// Block size.
        public let r: Int
        /// Parallelism.
        public let p: Int

        /// Creates a cost.
        public init(logN: Int, r: Int, p: Int) {
            self.logN = logN
            self.r = r
            self.p = p
        }

        /// The cost of new hashes.
        public static let standard = Cost(logN: 17, r: 8, p: 1)
    }

    /// The written form.
    public let text: String

    /// Takes over a written form; its errors are found when a password is checked.
    public init(text: String) {
        self.text = text
    }

    /// Hashes a password with a fresh salt.
    ///
    /// - Throws: `CryptoError` of kind `unavailable` where memory is short.
    public static func make(_ password: Secret, cost: Cost = .standard) throws(CryptoError) -> PasswordHash {
        let salt = try SecureRandom.bytes(16)
        let hash = try derive(password, salt: salt, cost: cost)
        return PasswordHash(
            text: "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)$\(salt.base64)$\(hash.base64)"
        )
    }

    /// Returns true if the password is the one that was hashed.
    ///
    /// - Throws: `CryptoError` of kind `badInput` where the text is not a hash, `unavailable` where memory is short.
    public func matches(_ password: Secret) throws(CryptoError) -> Bool {
        let (cost, salt, hash) = try parts()
        return constantTimeEqual(try Self.derive(password, salt: salt, cost: cost), hash)
    }

    /// Returns true if the hash has another cost than new hashes.
    public var needsRehash: Bool {
        (try? parts().cost) != .standard
    }

    private func parts() throws(CryptoError) -> (cost: Cost, salt: [UInt8], hash: [UInt8]) {
        let fields = text.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0].isEmpty, fields[1] == "scrypt" else {
            throw CryptoError(.badInput, "the text is not a password hash")
        }
        var numbers: [Substring: Int] = [:]
        for pair in fields[2].split(separator: ",") {
            let sides = pair.split(separator: "=")
            guard sides.count == 2, let number = Int(sides[1]) else {
                throw CryptoError(.badInput, "the text is not a password hash")
            }
            numbers[sides[0]] = number
        }
        guard let logN = numbers["ln"], let r = numbers["r"], let p = numbers["p"],
            (1...20).contains(logN), (1...32).contains(r), (1...16).contains(p),
            let salt = [UInt8](base64: fields[3]), let hash = [UInt8](base64: fields[4]), hash.count == 32
        else { throw CryptoError(.badInput, "the text is not a password hash") }
        return (Cost(logN: logN, r: r, p: p), salt, hash)
    }

    private static func derive(_ password: Secret, salt: [UInt8], cost: Cost) throws(CryptoError) -> [UInt8] {
        let text = password.expose()
        var hash = [UInt8](repeating: 0, count: 32)
        let n = UInt64(1) << UInt64(cost.logN)
        // The need of scrypt, and a little more for libcrypto itself.
        let memory = 128 * n * UInt64(cost.r) + 128 * UInt64(cost.r * cost.p) + (1 << 20)
        let done = EVP_PBE_scrypt(
            text,
            text.utf8.count,
            salt,
            salt.count,
            n,
            UInt64(cost.r),
            UInt64(cost.p),
            memory,
            &hash,
            hash.count
        )
        guard done == 1 else { throw CryptoError(.unavailable, "no memory for a password hash") }
        return hash
    }
}
