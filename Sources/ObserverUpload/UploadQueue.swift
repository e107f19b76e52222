package import ObserverCore

/// Segments that wait for their upload, taken newest and oldest in turn.
///
/// After an outage people want to see the present at once, and the oldest must not wait for ever either.
package struct UploadQueue: Sendable {
    /// In the order of their identifiers, which is that of their beginnings (UUIDv7).
    private var ids: [SegmentID] = []
    private var takesNewest = false

    package init(_ ids: [SegmentID] = []) {
        self.ids = ids.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    package var count: Int { ids.count }
    package var isEmpty: Bool { ids.isEmpty }

    package mutating func insert(_ id: SegmentID) {
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle].bytes.lexicographicallyPrecedes(id.bytes) { low = middle + 1 } else { high = middle }
        }
        if low < ids.count, ids[low] == id { return }
        ids.insert(id, at: low)
    }

    /// The segment that `take` would return.
    package var next: SegmentID? { takesNewest ? ids.last : ids.first }

    /// Removes and returns the segment whose turn it is.
    package mutating func take() -> SegmentID? {
        guard !ids.isEmpty else { return nil }
        defer { takesNewest.toggle() }
        return takesNewest ? ids.removeLast() : ids.removeFirst()
    }

    package mutating func removeAll() { ids.removeAll() }
}
