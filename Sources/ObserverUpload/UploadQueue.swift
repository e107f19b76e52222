package import ObserverCore

/// Segments that wait for their upload, the newest three times as often as the oldest.
///
/// People want to see the present at once, and the oldest must not wait for ever either.
package struct UploadQueue: Sendable {
    private static let newestInTurn = 3

    /// In the order of their identifiers, which is that of their beginnings (UUIDv7), from `first` on.
    private var ids: [SegmentID] = []
    private var first = 0
    private var turn = 0

    package init(_ ids: [SegmentID] = []) {
        self.ids = ids.sorted()
    }

    package var count: Int { ids.count - first }
    package var isEmpty: Bool { count == 0 }

    package mutating func insert(_ id: SegmentID) {
        let place = place(of: id)
        if place < ids.count, ids[place] == id { return }
        ids.insert(id, at: place)
    }

    /// Adds many segments at once.
    package mutating func insert(_ more: [SegmentID]) {
        guard more.count > 64 else {
            for id in more { insert(id) }
            return
        }
        let more = more.sorted()
        var merged: [SegmentID] = []
        merged.reserveCapacity(count + more.count)
        var next = first
        for id in more {
            while next < ids.count, ids[next] < id {
                merged.append(ids[next])
                next += 1
            }
            let isKnown = (next < ids.count && ids[next] == id) || merged.last == id
            if !isKnown { merged.append(id) }
        }
        merged += ids[next...]
        ids = merged
        first = 0
    }

    package func contains(_ id: SegmentID) -> Bool {
        let place = place(of: id)
        return place < ids.count && ids[place] == id
    }

    package mutating func remove(_ id: SegmentID) {
        let place = place(of: id)
        guard place < ids.count, ids[place] == id else { return }
        guard place - first < ids.count - place else {
            ids.remove(at: place)
            return
        }
        // The shorter side moves.
        for index in stride(from: place, to: first, by: -1) { ids[index] = ids[index - 1] }
        dropFirst()
    }

    /// The segment that `take` would return.
    package var next: SegmentID? { isEmpty ? nil : takesNewest ? ids[ids.count - 1] : ids[first] }

    /// Removes and returns the segment whose turn it is.
    package mutating func take() -> SegmentID? {
        guard let id = next else { return nil }
        if takesNewest { ids.removeLast() } else { dropFirst() }
        turn = (turn + 1) % (Self.newestInTurn + 1)
        return id
    }

    /// The oldest segment.
    package var oldest: SegmentID? { isEmpty ? nil : ids[first] }

    /// Returns some of the segments, spread over all.
    package func sample(_ most: Int) -> [SegmentID] {
        guard count > most else { return Array(ids[first...]) }
        return (0..<most).map { ids[first + $0 * count / most] }
    }

    package mutating func removeAll() { self = UploadQueue() }

    private var takesNewest: Bool { turn < Self.newestInTurn }

    private mutating func dropFirst() {
        first += 1
        guard first > 1000, first > ids.count / 2 else { return }
        ids.removeFirst(first)
        first = 0
    }

    private func place(of id: SegmentID) -> Int {
        var low = first
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
