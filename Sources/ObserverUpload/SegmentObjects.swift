package import ObserverCore

/// The store as the uploader sees it: put one segment, or look at what lies under its key.
///
/// Calls return at once; a completion is called once, on any thread, after a time that has a limit.
package protocol SegmentObjects: Sendable {
    /// Puts the file under the segment's key unless something lies there.
    func put(_ segment: Segment, file: String, completion: @escaping @Sendable (PutOutcome) -> Void)
    /// Compares what lies under the segment's key with the segment.
    func check(_ segment: Segment, completion: @escaping @Sendable (CheckOutcome) -> Void)
    /// Ends: what is under way comes to nothing.
    func stop()
}
