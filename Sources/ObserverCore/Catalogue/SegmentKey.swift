/// A segment as the key of its object tells of it.
package struct SegmentKey: Hashable, Sendable {
    package let stream: StreamID
    package let epoch: Int64
    package let id: SegmentID

    package init(stream: StreamID, epoch: Int64, id: SegmentID) {
        (self.stream, self.epoch, self.id) = (stream, epoch, id)
    }

    /// Reads an object key; nil for one that no recorder has made.
    package init?(_ key: String, prefix: String) {
        let head = prefix + "/"
        guard key.hasPrefix(head) else { return nil }
        let parts = key.dropFirst(head.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 7, let stream = StreamID(camera: parts[0], kind: parts[1]),
            let name = parts.last, name.hasSuffix(".mp4")
        else { return nil }
        let words = name.dropLast(4).split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, let epoch = Int64(words[1]), SegmentLimits.epoch.contains(epoch),
            let id = SegmentID(String(words[2]))
        else { return nil }
        self.init(stream: stream, epoch: epoch, id: id)
        // One segment has one spelling.
        guard ObjectKey.make(prefix: prefix, stream: stream, epoch: epoch, id: id) == key else { return nil }
    }

    /// The hour in whose folder the object lies.
    package var hour: CatalogueHour { CatalogueHour(of: stream, id) }
}

extension StreamID {
    /// Reads the two parts of a path that name a stream; nil for others.
    package init?(camera: Substring, kind: Substring) {
        guard let number = Int64(camera), SegmentLimits.cameraID.contains(number), String(number) == camera,
            let kind = StreamKind(rawValue: String(kind))
        else { return nil }
        self.init(CameraID(rawValue: number), kind)
    }
}
