import Testing

@testable import FastCGI

@Suite struct FastCGIRecordsTests {
    private static let sizes = [0, 1, 100, 57_000, 65_527, 65_528, 65_529, 131_056, 200_000]

    @Test(arguments: sizes, [1, 300, 65_528, 70_000])
    func `a response arrives whole, in as few records as it takes`(body: Int, head: Int) throws {
        let content = (0..<head + body).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let records = FastCGIRecords(head: head, body: body, request: 258)
        var bytes: [UInt8] = []
        for piece in records.pieces {
            switch piece {
            case .frame(let range): bytes += records.frames[range]
            case .head(let range): bytes += content[..<head][range]
            case .body(let range): bytes += content[(head + range.lowerBound)..<(head + range.upperBound)]
            }
        }
        var stream: [UInt8] = []
        var lengths: [Int] = []
        var rest = bytes[...]
        while rest.count > 16 {
            let header = Array(rest.prefix(8))
            #expect(header[0] == 1 && header[1] == 6 && header[2] == 1 && header[3] == 2 && header[6] == 0)
            let length = Int(header[4]) << 8 | Int(header[5])
            lengths.append(length)
            stream += rest.dropFirst(8).prefix(length)
            rest = rest.dropFirst(8 + length)
        }
        #expect(stream == content)
        #expect(lengths.last == 0 && lengths.count == (head + body + 65_527) / 65_528 + 1)
        #expect(Array(rest) == [1, 3, 1, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `a list of cameras is one record`() {
        let records = FastCGIRecords(head: 250, body: 57_000, request: 1)
        #expect(records.pieces == [.frame(0..<8), .head(0..<250), .body(0..<57_000), .frame(8..<32)])
    }
}
