package import ObserverCore

/// Segments that wait for their upload, the newest three times as often as the oldest.
///
/// People want to see the present at once, and the oldest must not wait for ever either.
package struct UploadQueue: Sendable {
    private static let newestInTurn = 3

    /// In the order of their identifiers, which is that of their beginnings (UUIDv7).
    private var ids: [SegmentID] = []
    private var turn = 0

    package init(_ ids: [SegmentID] = []) {
        self.ids = ids.sorted()
    }

    package var count: Int { ids.count }
    package var isEmpty: Bool { ids.isEmpty }

    package mutating func insert(_ id: SegmentID) {
        let place = place(of: id)
        if place < ids.count, ids[place] == id { return }
        ids.insert(id, at: place)
    }

    package func contains(_ id: SegmentID) -> Bool {
        let place = place(of: id)
        return place < ids.count && ids[place] == id
    }

    package mutating func remove(_ id: SegmentID) {
        let place = place(of: id)
        if place < ids.count, ids[place] == id { ids.remove(at: place) }
    }

    /// The segment that `take` would return.
    package var next: SegmentID? { takesNewest ? ids.last : ids.first }

    /// Removes and returns the segment whose turn it is.
    package mutating func take() -> SegmentID? {
        guard !ids.isEmpty else { return nil }
        defer { turn = (turn + 1) % (Self.newestInTurn + 1) }
        return takesNewest ? ids.removeLast() : ids.removeFirst()
    }

    package mutating func removeAll() { ids.removeAll() }

    private var takesNewest: Bool { turn < Self.newestInTurn }

    private func place(of id: SegmentID) -> Int {
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
