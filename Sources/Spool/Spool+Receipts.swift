import ObserverCore
import System

extension Spool {
    /// Some receipts of the log, in the order in which they were written.
    package struct ReceiptPage: Sendable {
        package var lines: [ReceiptLine] = []
        /// The place from which to go on.
        package var end: ReceiptLog.Position
        /// True if there is nothing behind it so far.
        package var isLast = false
        /// Lines that are not what was written, without one that was cut off at the end of a file.
        package var spoilt = 0
    }

    private static let pieceBytes = 256 << 10

    /// Reads the receipts behind a position.
    ///
    /// - Parameters:
    ///   - position: Where to begin.
    ///   - limit: The number of receipts to read, about.
    /// - Returns: The receipts, and from where to go on.
    /// - Throws: `SpoolError` if the disk does not give them.
    package func receipts(from position: ReceiptLog.Position, limit: Int = 500) throws(SpoolError) -> ReceiptPage {
        var page = ReceiptPage(end: position)
        let files = try receiptFiles()
        while page.lines.count < limit {
            guard let number = files.first(where: { $0 >= page.end.file }) else {
                page.isLast = true
                break
            }
            if number != page.end.file { page.end = ReceiptLog.Position(file: number, offset: 0) }
            guard try !readPiece(into: &page) else { continue }
            guard number != files.last else {
                page.isLast = true
                break
            }
            page.end = ReceiptLog.Position(file: number + 1, offset: 0)
        }
        return page
    }

    /// The newest receipts, about as many as are asked for.
    package func newestReceipts(limit: Int) throws(SpoolError) -> [Receipt] {
        var found: [Receipt] = []
        for number in try receiptFiles().reversed() where found.count < limit {
            guard let status = try Files.status(layout.receipts(number)) else { continue }
            var page = ReceiptPage(end: .init(file: number, offset: max(0, status.bytes - Int64(limit) * 1500)))
            while try readPiece(into: &page) {}
            found += page.lines.suffix(limit).compactMap(\.receipt)
        }
        return found
    }

    /// The numbers of the log's files, in order.
    func receiptFiles() throws(SpoolError) -> [Int] {
        try Files.names(in: layout.stored).compactMap { SpoolLayout.receiptFile(named: $0) }.sorted()
    }

    /// Reads whole lines of one file; returns false at its end.
    private func readPiece(into page: inout ReceiptPage) throws(SpoolError) -> Bool {
        let path = layout.receipts(page.end.file)
        guard try Files.exists(path) else { return false }
        var bytes = [UInt8](repeating: 0, count: Self.pieceBytes)
        let count: Int
        do throws(SystemError) {
            let file = try File(opening: path)
            count = try bytes.withUnsafeMutableBufferPointer { buffer throws(SystemError) in
                try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: page.end.offset)
            }
        } catch {
            throw SpoolError(error, path)
        }
        let newline = UInt8(ascii: "\n")
        guard let last = bytes[..<count].lastIndex(of: newline) else {
            guard count == Self.pieceBytes else { return false }
            // No line is so long: the disk has spoilt it.
            page.spoilt += 1
            page.end.offset += Int64(count)
            return true
        }
        for bytes in bytes[..<last].split(separator: newline) {
            if let line = ReceiptLine(bytes) { page.lines.append(line) } else { page.spoilt += 1 }
        }
        page.end.offset += Int64(last + 1)
        return true
    }
}
