import CLibCrypto

/// MD5 (RFC 1321), for the Digest authentication of cameras and the checksum that S3 wants of some requests: nothing that must
/// be safe rests on it.
public enum MD5 {
    /// The 16 bytes of the hash; nil where the system's policy forbids the algorithm.
    public static func hash(_ bytes: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 16)
        var length: UInt32 = 0
        let isDone = EVP_Digest(bytes, bytes.count, &digest, &length, EVP_md5(), nil) == 1
        return isDone && length == 16 ? digest : nil
    }
}
