package import ObserverCore

extension Spool {
    /// Writes a receipt and makes it durable.
    package func write(_ receipt: Receipt) throws(SpoolError) {
        try write([receipt])
    }

    /// Writes several receipts; their directory is made durable once for all of them.
    ///
    /// - Throws: `SpoolError`; then none of them counts, and as far as the disk lets them they are removed.
    package func write(_ receipts: [Receipt]) throws(SpoolError) {
        do throws(SpoolError) {
            for receipt in receipts {
                try Files.writeDurably(SpoolJSON.encode(receipt), to: layout.receipt(receipt.segment.id))
            }
            try Files.syncDirectory(layout.stored)
        } catch {
            // Bytes are deleted on the word of a receipt, so that none may be found whose name is on no disk.
            for receipt in receipts { try? Files.remove(layout.receipt(receipt.segment.id)) }
            throw error
        }
    }

    /// The segments that have a receipt, in no order.
    package func receiptIDs() throws(SpoolError) -> [SegmentID] {
        try identifiers(in: layout.stored)
    }

    /// The receipt of a segment; nil if there is none.
    ///
    /// - Throws: `SpoolError`: `.corrupt` where the file does not hold the receipt of its name.
    package func receipt(_ id: SegmentID) throws(SpoolError) -> Receipt? {
        let path = layout.receipt(id)
        guard try Files.exists(path) else { return nil }
        let receipt = try SpoolJSON.decode(Receipt.self, at: path)
        if let problem = receipt.problem { throw SpoolError(.corrupt, path, reason: problem) }
        guard receipt.segment.id == id else {
            throw SpoolError(.corrupt, path, reason: "it is the receipt of \(receipt.segment.id)")
        }
        return receipt
    }

    package func hasReceipt(_ id: SegmentID) throws(SpoolError) -> Bool {
        try Files.exists(layout.receipt(id))
    }

    /// Deletes a receipt; its row must be in the database.
    package func removeReceipt(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(layout.receipt(id))
    }
}
