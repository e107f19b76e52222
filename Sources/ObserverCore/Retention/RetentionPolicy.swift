/// A rule about how long recordings are kept, beside the days that each camera has of its own.
///
/// Every rule that includes a camera counts: of several longest times the shortest, of several shortest times the longest,
/// and each size by itself. Where they contradict each other, recordings are kept.
package struct RetentionPolicy: Hashable, Sendable {
    /// The figures of a rule.
    package struct Limits: Hashable, Sendable {
        /// Days after which nothing is kept, whatever the camera has; nil: no such limit.
        package var longestDays: Int?
        /// Days for which everything is kept, whatever its size and whatever the camera has; nil: no such limit.
        package var shortestDays: Int?
        /// The bytes that the cameras together may take, the oldest recordings going first; nil: no such limit.
        package var mostBytes: Int64?

        package init(longestDays: Int? = nil, shortestDays: Int? = nil, mostBytes: Int64? = nil) {
            self.longestDays = longestDays
            self.shortestDays = shortestDays
            self.mostBytes = mostBytes
        }

        /// Ten years.
        package static let days = 1...3650
        /// A megabyte, less than any hour of video has, to an exabyte.
        package static let bytes: ClosedRange<Int64> = 1_000_000...1_000_000_000_000_000_000
    }

    package var scope: RetentionScope
    package var limits: Limits

    package init(_ scope: RetentionScope, _ limits: Limits) {
        self.scope = scope
        self.limits = limits
    }
}
