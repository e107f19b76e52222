import ObserverCore

/// The segments that were finished last, up to a number.
struct RecentSegments: Sendable {
    private let limit: Int
    private var ids: Set<SegmentID> = []
    private var order: [SegmentID] = []
    private var oldest = 0

    init(limit: Int) {
        self.limit = limit
    }

    func contains(_ id: SegmentID) -> Bool { ids.contains(id) }

    mutating func insert(_ id: SegmentID) {
        guard ids.insert(id).inserted else { return }
        guard order.count == limit else { return order.append(id) }
        ids.remove(order[oldest])
        order[oldest] = id
        oldest = (oldest + 1) % limit
    }
}
