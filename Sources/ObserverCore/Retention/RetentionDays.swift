/// The days that count for a camera, out of its own and of all rules that include it.
package struct RetentionDays: Hashable, Sendable {
    /// After so many days nothing is kept.
    package let longest: Int
    /// For so many days everything is kept; 0 for none.
    package let shortest: Int

    package init(of camera: RetentionCamera, _ policies: [RetentionPolicy]) {
        let limits = policies.filter { $0.scope.includes(camera) }.map(\.limits)
        shortest = limits.compactMap(\.shortestDays).max() ?? 0
        longest = max(shortest, limits.compactMap(\.longestDays).min().map { min($0, camera.days) } ?? camera.days)
    }
}
