import Glibc
import Testing

/// The libraries of the built programs, which no source file shows.
@Suite struct LinkedLibrariesTests {
    /// The programs lie beside the test bundle.
    private static func image(_ program: String) throws -> ELFImage {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let bundle = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = bundle.split(separator: "/").dropLast().joined(separator: "/")
        return try #require(try ELFImage("/\(folder)/\(program)"), "\(program) is no ELF file")
    }

    private static func media(_ image: ELFImage) -> [String] {
        image.libraries.filter { name in ["libav", "libsw"].contains { name.hasPrefix($0) } }
            .filter { !$0.hasPrefix("libswift") }
    }

    /// Sanitizers export `connect` and `sendto` of their own from every program.
    private static func guarded(_ image: ELFImage) -> Set<String> {
        let isSanitized = image.exports.contains { $0.hasPrefix("__asan_") || $0.hasPrefix("__tsan_") }
        return isSanitized ? [] : image.exports.intersection(["connect", "sendto"])
    }

    @Test(arguments: ["observer-web", "observer-capture", "observer-upload", "observerctl"])
    func `programs that hold secrets link no FFmpeg and leave libc's connections alone`(program: String) throws {
        let image = try Self.image(program)
        #expect(image.libraries.contains { $0.hasPrefix("libc.so") })
        #expect(Self.media(image).isEmpty)
        #expect(Self.guarded(image).isEmpty)
    }

    @Test func `the program that reads strange streams links FFmpeg and puts its own connections before libc's`() throws
    {
        let image = try Self.image("observer-media")
        #expect(Self.media(image).contains { $0.hasPrefix("libavformat.so") })
        #expect(image.exports.isSuperset(of: ["connect", "sendto", "gnutls_handshake"]))
    }
}
