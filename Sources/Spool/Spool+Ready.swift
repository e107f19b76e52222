package import ObserverCore

/// The proof of an upload: written before the bytes are deleted, kept until the database knows.
package struct Receipt: Codable, Hashable, Sendable {
    package var segment: Segment
    /// The store's name for the stored version.
    package var etag: String?
    package var storedAt: Timestamp
    /// How many tries it took.
    package var tries: Int

    private enum CodingKeys: String, CodingKey {
        case segment, etag
        case storedAt = "stored_at"
        case tries
    }

    package init(segment: Segment, etag: String?, storedAt: Timestamp, tries: Int) {
        self.segment = segment
        self.etag = etag
        // A machine whose clock was never set uploads all the same.
        self.storedAt = min(max(storedAt, SegmentLimits.startedAt.lowerBound), SegmentLimits.startedAt.upperBound)
        self.tries = tries
    }

    /// The reason not to believe a receipt, or nil if there is none.
    var problem: String? {
        if let problem = segment.problem { return problem }
        guard SegmentLimits.startedAt.contains(storedAt) else { return "stored_at is not in the years 2000 to 2199" }
        return (0...Self.mostTries).contains(tries) ? nil : "tries is \(tries), not 0 to \(Self.mostTries)"
    }

    private static let mostTries = 1_000_000
}

extension Spool {
    /// The committed segments, in no order.
    package func readyIDs() throws(SpoolError) -> [SegmentID] {
        try identifiers(in: "ready", suffix: ".json")
    }

    /// The sidecar of a committed segment; nil if there is none.
    ///
    /// - Throws: `SpoolError`: `.corrupt` where it is not what belongs there.
    package func segment(_ id: SegmentID) throws(SpoolError) -> Segment? {
        let path = readySidecar(id)
        guard try Files.exists(path) else { return nil }
        let segment = try SpoolJSON.decode(Segment.self, at: path)
        if let problem = segment.problem { throw SpoolError(.corrupt, path, reason: problem) }
        guard segment.id == id else { throw SpoolError(.corrupt, path, reason: "it is the sidecar of \(segment.id)") }
        return segment
    }

    /// Size in bytes and age in seconds of a committed segment's file; nil if it is not there.
    package func mediaStatus(_ id: SegmentID) throws(SpoolError) -> (bytes: Int64, ageSeconds: Int)? {
        try Files.status(media(id))
    }

    /// Deletes a committed segment: to be called only when a receipt is on the disk.
    package func removeReady(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(media(id))
        try Files.remove(readySidecar(id))
    }

    /// Writes the proof of an upload and makes it durable.
    package func write(_ receipt: Receipt) throws(SpoolError) {
        try Files.writeDurably(SpoolJSON.encode(receipt), to: receiptPath(receipt.segment.id))
        try Files.syncDirectory(root + "/stored")
    }

    /// Writes the proofs of several uploads; their folder is made durable once for all of them.
    package func write(_ receipts: [Receipt]) throws(SpoolError) {
        for receipt in receipts {
            try Files.writeDurably(SpoolJSON.encode(receipt), to: receiptPath(receipt.segment.id))
        }
        try Files.syncDirectory(root + "/stored")
    }

    /// The segments whose proof is kept, in no order.
    package func receiptIDs() throws(SpoolError) -> [SegmentID] {
        try identifiers(in: "stored", suffix: ".json")
    }

    /// The proof of a segment's upload; nil if there is none.
    package func receipt(_ id: SegmentID) throws(SpoolError) -> Receipt? {
        let path = receiptPath(id)
        guard try Files.exists(path) else { return nil }
        let receipt = try SpoolJSON.decode(Receipt.self, at: path)
        if let problem = receipt.problem { throw SpoolError(.corrupt, path, reason: problem) }
        guard receipt.segment.id == id else {
            throw SpoolError(.corrupt, path, reason: "it is the receipt of \(receipt.segment.id)")
        }
        return receipt
    }

    package func hasReceipt(_ id: SegmentID) throws(SpoolError) -> Bool {
        try Files.exists(receiptPath(id))
    }

    /// Forgets a proof, once its row is in the database.
    package func removeReceipt(_ id: SegmentID) throws(SpoolError) {
        try Files.remove(receiptPath(id))
    }

    private func identifiers(in folder: String, suffix: String) throws(SpoolError) -> [SegmentID] {
        try Files.names(in: "\(root)/\(folder)").compactMap { name in
            name.hasSuffix(suffix) ? SegmentID(String(name.dropLast(suffix.count))) : nil
        }
    }
}
