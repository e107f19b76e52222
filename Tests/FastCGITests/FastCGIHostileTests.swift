import FastCGI
import Glibc
import HTTPTypes
import SeededNumbers
import Testing

/// Bytes that are not FastCGI, or lie: whoever reaches the socket can send them, and one bad web server must not be the end.
@Suite(.serialized) struct FastCGIHostileTests {
    private static let get = ["REQUEST_METHOD": "GET", "REQUEST_URI": "/"]
    private static let begin = FastCGIClient.record(1, [0, 1, 0, 0, 0, 0, 0, 0])

    private static func parameters(_ content: [UInt8]) -> [UInt8] {
        begin + FastCGIClient.record(4, content) + FastCGIClient.record(4, []) + FastCGIClient.record(5, [])
    }

    /// A whole request, well-formed.
    private static var whole: [UInt8] {
        parameters(get.sorted { $0.key < $1.key }.flatMap { FastCGIClient.pair($0.key, $0.value) })
    }

    private static func changed(_ bytes: [UInt8], at index: Int, to byte: UInt8) -> [UInt8] {
        var bytes = bytes
        bytes[index] = byte
        return bytes
    }

    /// Names for what is sent; each is tried on a server of its own, which must answer the next request.
    private static let cases: [(String, [UInt8])] = [
        ("nothing", []), ("a zero", [0]), ("HTTP", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        ("TLS", [0x16, 3, 1, 2, 0, 1]), ("half a header", Array(whole.prefix(5))),
        ("version 0", changed(whole, at: 0, to: 0)), ("version 2 in the second record", changed(whole, at: 16, to: 2)),
        ("type 0", changed(whole, at: 1, to: 0)), ("type 255", changed(whole, at: 1, to: 255)),
        ("type 11 in the second record", changed(whole, at: 17, to: 11)),
        ("a request of number 0", changed(whole, at: 3, to: 0)),
        ("another request in the second record", changed(whole, at: 19, to: 9)),
        ("a beginning that is too short", [1, 1, 0, 1, 0, 2, 0, 0, 0, 1]),
        ("a beginning that says it is 65,535 long", changed(changed(whole, at: 4, to: 255), at: 5, to: 255)),
        ("a role that there is not", changed(whole, at: 9, to: 77)), ("two beginnings", begin + whole),
        ("an end at the beginning", FastCGIClient.record(3, [0, 0, 0, 0, 0, 0, 0, 0])),
        ("an abort", begin + FastCGIClient.record(2, [])),
        ("only parameters", FastCGIClient.record(4, [1, 1, 65, 66])),
        ("a body before parameters", begin + FastCGIClient.record(5, [1, 2, 3])),
        ("a pair that ends early", parameters([14, 3, 65])), ("a length that ends early", parameters([0x80, 0])),
        ("a name of 2 GiB", parameters([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])),
        ("a value of 2 GiB", parameters([1, 0xFF, 0xFF, 0xFF, 0xFF, 65])),
        ("zero bytes in a name", parameters(FastCGIClient.pair("A\0=B\0", "\0\0"))),
        ("a name with = in it", parameters(FastCGIClient.pair("REQUEST_METHOD=GET", "x"))),
        ("padding that never comes", changed(whole, at: whole.count - 2, to: 255)),
        ("what follows the end", whole + [UInt8](repeating: 0xAA, count: 5000)),
    ]

    @Test(arguments: 0..<cases.count) func `a server goes on after what is not FastCGI`(_ number: Int) throws {
        let (name, bytes) = Self.cases[number]
        let server = try RunningServer(threads: 1) { _ in HTTPResponse(text: "fine") }
        #expect(server.client.sendRaw(bytes), "\(name): the connection was not closed")
        #expect(server.client.send(Self.get)?.body == Array("fine".utf8), "\(name): no answer after it")
        #expect(server.end())
    }

    /// The number of seeds: 200, or what `OBSERVER_TEST_SEEDS` asks for.
    private static var seeds: UInt64 { getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 200 }

    @Test func `a server goes on after requests with bytes changed, left out and put in`() throws {
        let server = try RunningServer(threads: 2) { HTTPResponse(text: $0.target) }
        for seed in 0..<Self.seeds {
            var numbers = SeededGenerator(seed: seed)
            var bytes = Self.whole
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let index = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<4, using: &numbers) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &numbers)
                case 1: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &numbers) ?? 0
                case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...9, using: &numbers)))
                default: bytes.insert(contentsOf: [0xFF, 0xFF, 0xFF], at: index)
                }
                if bytes.isEmpty { bytes = [1] }
            }
            #expect(server.client.sendRaw(bytes), "seed \(seed)")
        }
        #expect(server.client.send(Self.get)?.status == 200)
        #expect(server.end())
    }
}
