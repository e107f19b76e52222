/// A bounded queue between threads.
public final class BlockingQueue<Element: Sendable>: Sendable {
    private struct State: Sendable {
        /// Elements before `head` were taken; the array is compacted now and then, so that taking costs O(1) on average.
        var elements: [Element?] = []
        var head = 0
        var isClosed = false

        var count: Int { elements.count - head }

        mutating func append(_ element: Element, limit: Int) -> Bool {
            guard !isClosed, count < limit else { return false }
            elements.append(element)
            return true
        }
    }

    private let state = Monitor(State())
    private let limit: Int

    /// Creates an empty queue that holds at most `limit` elements.
    public init(limit: Int) {
        self.limit = limit
    }

    /// The number of elements that wait.
    public var count: Int {
        state.withLockUnnoticed { $0.count }
    }

    /// Appends without waiting.
    ///
    /// - Returns: False if the queue is full or closed; then nothing was appended.
    @discardableResult
    public func push(_ element: Element) -> Bool {
        state.withLock { $0.append(element, limit: limit) }
    }

    /// Appends without waiting and without waking who waits for an element: `wake` is to follow soon.
    ///
    /// - Returns: False if the queue is full or closed; then nothing was appended.
    @discardableResult
    public func pushUnnoticed(_ element: Element) -> Bool {
        state.withLockUnnoticed { $0.append(element, limit: limit) }
    }

    /// Wakes those who wait for an element.
    public func wake() {
        state.withLock { _ in }
    }

    /// Takes the oldest element, waiting for one for at most `duration`.
    ///
    /// - Returns: Nil when none came in time, or when the queue is closed and empty.
    public func pop(within duration: Duration) -> Element? {
        let result = state.take(until: MonotonicInstant.now() + duration) { state -> Element?? in
            if state.head < state.elements.count {
                let element = state.elements[state.head]
                state.elements[state.head] = nil
                state.head += 1
                if state.head > 64, state.head * 2 > state.elements.count {
                    state.elements.removeFirst(state.head)
                    state.head = 0
                }
                return .some(element)
            }
            return state.isClosed ? .some(nil) : nil
        }
        return result ?? nil
    }

    /// Refuses further elements and wakes every waiter; elements in the queue can still be taken.
    public func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Returns true if `close` was called.
    public var isClosed: Bool {
        state.withLockUnnoticed { $0.isClosed }
    }
}
