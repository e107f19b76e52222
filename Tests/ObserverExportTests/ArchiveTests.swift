import ObserverCore
import ObserverExport
import Testing

@Suite struct ArchiveTests {
    private let moment = Timestamp(milliseconds: 1_795_780_800_000)

    private func archive(_ files: [(String, [UInt8])]) -> [UInt8] {
        let zip = ZIPArchive(files.map { .init(name: $0.0, bytes: Int64($0.1.count)) }, at: moment)
        var bytes: [UInt8] = []
        var crcs: [UInt32] = []
        for (number, file) in files.enumerated() {
            var crc = CyclicRedundancy()
            file.1.withUnsafeBytes { crc.update($0) }
            crcs.append(crc.value)
            bytes += zip.header(number) + file.1 + zip.descriptor(number, crc: crc.value)
        }
        bytes += zip.directory(crcs: crcs)
        #expect(Int64(bytes.count) == zip.bytes)
        return bytes
    }

    @Test func `the checksum is that of ZIP, however the bytes come`() {
        var crc = CyclicRedundancy()
        Array("123456789".utf8).withUnsafeBytes { crc.update($0) }
        #expect(crc.value == 0xCBF4_3926)
        var pieces = CyclicRedundancy()
        for byte in "123456789".utf8 { [byte].withUnsafeBytes { pieces.update($0) } }
        #expect(pieces.value == crc.value)
    }

    @Test func `what was put into an archive is found in it`() throws {
        let files = [("Tor 7.mp4", [UInt8](repeating: 5, count: 70_000)), ("ä.json", Array("{}".utf8)), ("empty", [])]
        let bytes = archive(files)
        let found = try #require(
            try ZIPListing(size: Int64(bytes.count)) { Array(bytes[Int($0)..<Int($0) + $1]) }
        )
        #expect(found.files.map(\.name) == files.map(\.0))
        for (file, original) in zip(found.files, files) {
            #expect(Array(bytes[Int(file.range.lowerBound)..<Int(file.range.upperBound)]) == original.1)
        }
    }

    @Test func `an archive that is cut is none`() throws {
        let bytes = archive([("a", [1, 2, 3])])
        for count in 0..<bytes.count {
            let part = Array(bytes.prefix(count))
            let found = try ZIPListing(size: Int64(count)) { Array(part[Int($0)..<Int($0) + $1]) }
            #expect(found == nil)
        }
    }
}
