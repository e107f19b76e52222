/// A stretch of time in microseconds of a clock that nobody sets.
package struct Stretch: Hashable, Sendable {
    package var from: Int64
    package var to: Int64

    package init(from: Int64, to: Int64) {
        self.from = from
        self.to = to
    }
}
