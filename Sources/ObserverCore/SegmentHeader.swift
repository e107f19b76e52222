/// The part of a segment that is known when its file is begun: enough to finish the file if the recorder dies.
///
/// The same JSON is the draft beside the open file.
package struct SegmentHeader: Hashable, Sendable {
    package let id: SegmentID
    package let stream: StreamID
    /// The fencing token of the assignment under which it was recorded.
    package let epoch: Int64
    /// The connection: inside one, media time is continuous.
    package let run: RunID
    /// The position within the run, from 0.
    package let sequence: Int
    package let origin: SegmentOrigin
    /// UTC of the first frame, in whole milliseconds.
    ///
    /// The end of a segment may correct it: the longer a stream was read, the better its clock is known.
    package var startedAt: Timestamp
    package let objectKey: String

    package init(
        id: SegmentID,
        stream: StreamID,
        epoch: Int64,
        run: RunID,
        sequence: Int,
        origin: SegmentOrigin,
        startedAt: Timestamp,
        objectKey: String
    ) {
        self.id = id
        self.stream = stream
        self.epoch = epoch
        self.run = run
        self.sequence = sequence
        self.origin = origin
        self.startedAt = startedAt
        self.objectKey = objectKey
    }

    /// Creates the header of a segment that begins, with a new identifier and the key that follows from it.
    package init(
        beginning stream: StreamID,
        at startedAt: Timestamp,
        epoch: Int64,
        run: RunID,
        sequence: Int,
        origin: SegmentOrigin,
        keyPrefix: String
    ) {
        let id = SegmentID.make(at: startedAt)
        self.init(
            id: id,
            stream: stream,
            epoch: epoch,
            run: run,
            sequence: sequence,
            origin: origin,
            startedAt: startedAt,
            objectKey: ObjectKey.make(prefix: keyPrefix, stream: stream, epoch: epoch, id: id)
        )
    }

    package var cameraID: CameraID { stream.camera }

    /// Returns the header for a start at another time.
    ///
    /// Within the hour that lies between start and identifier it keeps its identifier. Otherwise both identifier and key carry
    /// the new time; the random bits stay, so that the move is the same whoever makes it, and however often.
    package func moved(to time: Timestamp) -> SegmentHeader {
        var moved = self
        moved.correct(startedAt: time)
        guard moved.startedAt != time, SegmentLimits.startedAt.contains(time) else { return moved }
        let suffix = ObjectKey.suffix(stream: stream, epoch: epoch, id: id)
        guard objectKey.hasSuffix(suffix) else { return self }
        let id = id.moved(to: time)
        return SegmentHeader(
            id: id,
            stream: stream,
            epoch: epoch,
            run: run,
            sequence: sequence,
            origin: origin,
            startedAt: time,
            objectKey: ObjectKey.make(
                prefix: String(objectKey.dropLast(suffix.count)),
                stream: stream,
                epoch: epoch,
                id: id
            )
        )
    }
}

extension SegmentHeader: Codable {
    private enum CodingKeys: String, CodingKey {
        case id, epoch, run, sequence
        case startedAt = "started_at"
        case objectKey = "object_key"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(SegmentID.self, forKey: .id)
        stream = try StreamID(from: decoder)
        epoch = try fields.decode(Int64.self, forKey: .epoch)
        run = try fields.decode(RunID.self, forKey: .run)
        sequence = try fields.decode(Int.self, forKey: .sequence)
        origin = try SegmentOrigin(from: decoder)
        startedAt = try fields.decode(Timestamp.self, forKey: .startedAt)
        objectKey = try fields.decode(String.self, forKey: .objectKey)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        try stream.encode(to: encoder)
        try fields.encode(epoch, forKey: .epoch)
        try fields.encode(run, forKey: .run)
        try fields.encode(sequence, forKey: .sequence)
        try origin.encode(to: encoder)
        try fields.encode(startedAt, forKey: .startedAt)
        try fields.encode(objectKey, forKey: .objectKey)
    }
}
