package import ObserverCore

/// A segment that retention has decided to delete.
package struct ExpiringSegment: Hashable, Sendable {
    package var id: SegmentID
    package var objectKey: String

    package init(id: SegmentID, objectKey: String) {
        self.id = id
        self.objectKey = objectKey
    }
}
