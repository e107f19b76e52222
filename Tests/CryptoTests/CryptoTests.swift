import Crypto
import Encodings
import Testing

@Suite struct CryptoTests {
    /// FIPS 180-4's examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `SHA-256 gives the published hashes`(text: String, hash: String) {
        #expect(SHA256.hex(text.utf8) == hash)
    }

    @Test func `a hash of pieces is the hash of the whole`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = SHA256Hasher()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            hasher.update(bytes[start..<min(start + 777, bytes.count)])
        }
        #expect(hasher.finalize() == SHA256.hash(bytes))
    }

    /// RFC 4231, test cases 1 and 2.
    @Test func `HMAC gives the published values`() {
        let first = HMACSHA256.authenticate("Hi There".utf8, key: Array(repeating: 0x0B, count: 20))
        #expect(first.hex == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let second = HMACSHA256.authenticate("what do ya want for nothing?".utf8, key: "Jefe".utf8)
        #expect(second.hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func `what is sealed opens only with its key, in its place, unchanged`() throws {
        let key = try SealingKey(SecureRandom.bytes(32))
        let sealed = try key.seal(Array("pa55".utf8), for: "camera:7:password")
        #expect(try key.open(sealed, for: "camera:7:password") == Array("pa55".utf8))
        #expect(throws: CryptoError.self) { try key.open(sealed, for: "camera:8:password") }
        #expect(throws: CryptoError.self) {
            try SealingKey(SecureRandom.bytes(32)).open(sealed, for: "camera:7:password")
        }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: CryptoError.self) { try key.open(changed, for: "camera:7:password") }
            #expect(throws: CryptoError.self) { try key.open(Array(sealed[..<index]), for: "camera:7:password") }
        }
        #expect(try key.seal(Array("pa55".utf8), for: "camera:7:password") != sealed)
        #expect(try key.open(try key.seal([], for: ""), for: "") == [])
    }

    /// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 14 and 15 (NIST's vectors for AES-256).
    @Test(arguments: [
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12),
            String(repeating: "00", count: 16), "cea7403d4d606b6e074ec5d3baf39d18",
            "d0d1c8a799996bf0265b98b5d48ab919"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            "b094dac5d93471bdec1a502270e3cc6c"
        ),
    ])
    func `AES-GCM opens the published texts`(
        key: String,
        nonce: String,
        text: String,
        sealed: String,
        tag: String
    ) throws {
        let key = try SealingKey(try #require([UInt8](hex: key)))
        let form = try #require([UInt8](hex: "01" + nonce + sealed + tag))
        #expect(try key.open(form, for: "").hex == text)
    }

    @Test func `a key that is not 32 bytes is refused`() {
        #expect(throws: CryptoError.self) { try SealingKey([1, 2, 3]) }
    }

    @Test func `a password matches its hash alone`() throws {
        let cheap = PasswordHash.Cost(logN: 10, r: 8, p: 1)
        let hash = try PasswordHash.make(Secret("correct horse"), cost: cheap)
        #expect(try hash.matches(Secret("correct horse")))
        #expect(try !hash.matches(Secret("correct horsf")))
        #expect(try !hash.matches(Secret("")))
        #expect(try PasswordHash.make(Secret("correct horse"), cost: cheap) != hash)
        #expect(hash.needsRehash)
        #expect(throws: CryptoError.self) { try PasswordHash(text: "$scrypt$ln=99,r=8,p=1$AA$AA").matches(Secret("x")) }
    }

    /// RFC 7914, section 12: scrypt of "pleaseletmein" with "SodiumChloride", N = 16384, r = 8, p = 1; its first 32 bytes.
    @Test func `scrypt gives the published value`() throws {
        let expected = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        let hash = try #require([UInt8](hex: expected)).base64
        let text = "$scrypt$ln=14,r=8,p=1$\("SodiumChloride".utf8.base64)$\(hash)"
        #expect(try PasswordHash(text: text).matches(Secret("pleaseletmein")))
    }

    @Test func `the standard cost needs no rehash`() throws {
        let hash = try PasswordHash.make(Secret("x"))
        #expect(!hash.needsRehash)
        #expect(try hash.matches(Secret("x")))
    }

    @Test func `a secret does not show in any print`() {
        struct Holder {
            let url = Secret("canary")
        }
        var dumped = ""
        dump(Holder(), to: &dumped)
        let ways = [
            "\(Secret("canary"))", String(reflecting: Holder()), "\(Holder())", "\([Secret("canary")])", dumped,
        ]
        for text in ways { #expect(!text.contains("canary")) }
        #expect(Secret("canary").expose() == "canary")
    }

    @Test func `comparison in constant time compares`() {
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
    }
}
