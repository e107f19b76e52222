/// The recorder of a segment and the spool that holds its file until it is stored.
package struct SegmentOrigin: Codable, Hashable, Sendable {
    package let recorder: String
    package let spoolID: SpoolID

    private enum CodingKeys: String, CodingKey {
        case recorder
        case spoolID = "spool_id"
    }

    package init(recorder: String, spoolID: SpoolID) {
        self.recorder = recorder
        self.spoolID = spoolID
    }
}
