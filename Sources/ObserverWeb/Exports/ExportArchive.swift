import Crypto
import ObserverCore
import ObserverExport

/// Several files of exports as one ZIP, each beside its manifest.
struct ExportArchive: Sendable {
    private enum Content: Sendable {
        case file(ExportFile)
        case bytes([UInt8])

        var count: Int64 {
            switch self {
            case .file(let file): file.bytes
            case .bytes(let bytes): Int64(bytes.count)
            }
        }
    }

    let name: String
    private let contents: [Content]
    private let zip: ZIPArchive

    init(files: [ExportFile], name: String, at moment: Timestamp, more: [(name: String, bytes: [UInt8])] = []) {
        var entries: [(name: String, content: Content)] = []
        for file in files {
            entries.append((file.name, .file(file)))
            entries.append((file.name + ".json", .bytes(file.manifest)))
        }
        entries += more.map { ($0.name, .bytes($0.bytes)) }
        self.name = name
        contents = entries.map(\.content)
        zip = ZIPArchive(entries.map { .init(name: $0.name, bytes: $0.content.count) }, at: moment)
    }

    var bytes: Int64 { zip.bytes }

    /// Sends the archive.
    ///
    /// - Returns: False where the sink wanted no more.
    /// - Throws: As ``ExportSender``.
    func send(
        source: SegmentSource,
        isCancelled: @escaping () -> Bool,
        to sink: (UnsafeRawBufferPointer) -> Bool
    ) throws -> Bool {
        var crcs: [UInt32] = []
        for (number, content) in contents.enumerated() {
            guard zip.header(number).withUnsafeBytes(sink) else { return false }
            var crc = CyclicRedundancy()
            func pass(_ bytes: UnsafeRawBufferPointer) -> Bool {
                crc.update(bytes)
                return sink(bytes)
            }
            switch content {
            case .bytes(let bytes): guard bytes.withUnsafeBytes(pass) else { return false }
            case .file(let file):
                let sender = ExportSender(file, source: source, isCancelled: isCancelled)
                guard try sender.send(0..<file.bytes, to: pass) else { return false }
            }
            crcs.append(crc.value)
            guard zip.descriptor(number, crc: crc.value).withUnsafeBytes(sink) else { return false }
        }
        return zip.directory(crcs: crcs).withUnsafeBytes(sink)
    }
}
