import System

/// Values that other threads bring, to be waited for with a deadline.
final class Collected<Value: Sendable>: Sendable {
    private let values = Monitor<[Value]>([])

    func add(_ value: Value) { values.withLock { $0.append(value) } }

    var all: [Value] { values.withLock { $0 } }

    /// Waits until the values pass the test, and returns those that there are then.
    func wait(seconds: Int64 = 20, until test: @escaping ([Value]) -> Bool) -> [Value] {
        // ignored: the caller checks the values
        _ = values.wait(until: MonotonicInstant.now() + .seconds(seconds), test)
        return all
    }
}
