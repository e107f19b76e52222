import TemporaryFolders
import Encodings
import Crypto
import FoundationEssentials
import Glibc
import S3
import SeededNumbers
import TestSupport
import Testing

/// The signer against botocore, on requests made by chance; the seed is printed with a failure.
@Suite(.enabled(if: TestEnvironment.has(.python)), .timeLimit(.minutes(2)))
struct S3SignerTests {
    private struct Call: Encodable {
        var method: String
        var host: String
        var key: String
        var query: [[String]]
        var headers: [[String]]
        var payload: String
        var seconds: Int64
        var presign: Int
    }

    @Test func `three thousand requests are signed as botocore signs them`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        let calls = (0..<3000).map { _ in Self.call(&generator) }
        let expected = try Self.botocore(calls)
        #expect(expected.count == calls.count)
        let credentials = S3Credentials(accessKeyID: "AKTEST", secretAccessKey: Secret("SKTEST/+="))
        let configuration = S3Configuration(
            endpoint: try S3Endpoint("http://s3.test:8333"),
            region: "eu-central-1",
            bucket: "bucket",
            credentials: .fixed(credentials)
        )
        let signer = S3Signer(configuration.place, credentials: credentials)
        for (call, signature) in zip(calls, expected) {
            #expect(Self.signature(of: call, signer) == signature, "seed \(seed): \(call)")
        }
    }

    private static func signature(of call: Call, _ signer: S3Signer) -> String {
        let query = call.query.map { ($0[0], $0[1]) }
        if call.presign > 0 {
            let url = signer.presignGet(
                key: call.key,
                expires: call.presign,
                query: query,
                at: call.seconds
            )
            return String(url.query.split(separator: "=").last ?? "")
        }
        let request = signer.sign(
            method: call.method,
            key: call.key,
            query: query,
            headers: call.headers.map { ($0[0], $0[1]) },
            payloadSHA256: call.payload,
            at: call.seconds
        )
        let header = request.headers.first { $0.name == "authorization" }?.value ?? ""
        return String(header.split(separator: "=").last ?? "")
    }

    private static func call(_ generator: inout SeededGenerator) -> Call {
        let isPresigned = Int.random(in: 0..<3, using: &generator) == 0
        let names = ["prefix", "list-type", "uploads", "response-content-type", "a b", "é", "Zz", "versionId"]
        let query = names.filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }
            .map { [$0, text(&generator, "aZ0-_.~ /+:=&%é?", 0...8)] }
        let headers = ["content-type", "range", "x-amz-meta-camera", "x-amz-acl", "if-none-match"]
            .filter { _ in !isPresigned && Int.random(in: 0..<2, using: &generator) == 0 }
            .map { [$0, text(&generator, "abc=-/*", 1...9)] }
        return Call(
            method: isPresigned
                ? "GET" : ["GET", "PUT", "HEAD", "DELETE", "POST"].randomElement(using: &generator) ?? "GET",
            host: "s3.test:8333",
            key: text(&generator, "abz09-_.~ +:=&%é$,;@!'()*/", 1...24).replacing("//", with: "/a/"),
            query: query,
            headers: headers,
            payload: isPresigned ? S3Signer.unsignedPayload : SHA256.hex(text(&generator, "xyz", 0...9).utf8),
            seconds: Int64.random(in: 0...4_000_000_000, using: &generator),
            presign: isPresigned ? Int.random(in: 1...604_800, using: &generator) : 0
        )
    }

    private static func text(
        _ generator: inout SeededGenerator,
        _ alphabet: String,
        _ length: ClosedRange<Int>
    ) -> String {
        let count = Int.random(in: length, using: &generator)
        return String((0..<count).compactMap { _ in alphabet.randomElement(using: &generator) })
    }

    private static func botocore(_ calls: [Call]) throws -> [String] {
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let input = folder.path + "/calls.json"
        let file = try #require(fopen(input, "w"))
        for call in calls {
            let line = String(decoding: try JSONEncoder().encode(call), as: UTF8.self)
            fputs(line + "\n", file)
        }
        fclose(file)
        let python = try TestEnvironment.address(of: .python)
        let script = "\(TestEnvironment.repository)/Tests/Fixtures/sign_with_botocore.py"
        let pipe = try #require(popen("'\(python)' '\(script)' <'\(input)'", "r"))
        defer { pclose(pipe) }
        var lines: [String] = []
        var buffer = [CChar](repeating: 0, count: 256)
        while fgets(&buffer, 256, pipe) != nil {
            lines.append(
                String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            )
        }
        return lines
    }
}
