package import ObserverCore
package import Spool

/// The reason why a request to S3 brought no answer that decides anything; it never uses up a try.
package enum Trouble: String, Hashable, Sendable {
    /// No connection, or it broke.
    case connection
    /// No answer in time.
    case timeout
    /// S3 asks for fewer requests (503 SlowDown, 429).
    case throttled
    /// 5xx.
    case server
}

/// An object that has a segment's bytes, by the word of S3.
package struct StoredObject: Hashable, Sendable {
    /// The store's name for the version.
    package var etag: String?
    package var confirmedAt: Timestamp

    package init(etag: String?, confirmedAt: Timestamp) {
        self.etag = etag
        self.confirmedAt = confirmedAt
    }
}

/// An answer that stays the same unless somebody acts (400, 401, 403, 404).
package struct Refusal: Hashable, Sendable {
    /// S3's word, or the status: refusals of the whole store have the same for all segments.
    package var code: String
    /// One sentence for people.
    package var reason: String
    /// True for what can only be said of all segments: the key, the bucket, the clock.
    package var isStoreWide: Bool

    package init(code: String, reason: String, isStoreWide: Bool) {
        self.code = code
        self.reason = reason
        self.isStoreWide = isStoreWide
    }
}

/// The outcome of a PUT, as far as decisions need it.
package enum PutOutcome: Hashable, Sendable {
    /// The object is in the store, which has compared the hash.
    case stored(StoredObject)
    /// There is an object under this key already (412).
    case exists
    /// The received bytes do not have the announced hash.
    case digestMismatch
    /// The disk did not deliver the file.
    case unreadable(String)
    case refused(Refusal)
    /// No answer that decides anything.
    case trouble(Trouble, String)
}

/// The outcome of a HEAD: a comparison of the object under a key with its segment.
package enum HeadOutcome: Hashable, Sendable {
    /// The same bytes: an earlier PUT whose answer was lost.
    case same(StoredObject)
    case different
    /// There is no object (404).
    case absent
    case refused(Refusal)
    /// No answer that decides anything.
    case trouble(Trouble, String)
}

/// The state of a segment in the spool.
package enum Preparation: Hashable, Sendable {
    /// Sidecar and media, of the right size.
    case ready(Segment)
    /// The same, in a folder from which nothing can be deleted: it may have been uploaded by an earlier process.
    case kept(Segment)
    /// No media, in a spool that is there and ours.
    case missing
    /// Media whose sidecar is gone or not what belongs there.
    case withoutSidecar(String)
    /// The media are not as their sidecar describes them.
    case corrupt(Segment, String)
    /// The disk does not deliver them, which says nothing about what is on it.
    case unreadable(String)
}

/// The outcome of hashing a file again.
package enum HashOutcome: Hashable, Sendable {
    /// The file is as its segment describes it; where the sidecar was to be restored, it is.
    case intact
    case different
    /// The disk does not deliver the file, or take the sidecar.
    case unreadable(String)
}

/// The state of a segment in the database.
package enum RowOutcome: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        package var segment: Segment
        package var state: SegmentState

        package init(_ segment: Segment, _ state: SegmentState) {
            self.segment = segment
            self.state = state
        }
    }

    /// Nil if there is no row.
    case known(Row?)
    /// The database did not answer.
    case unavailable
}

/// The answer to the writing of rows.
package enum RowsOutcome: Hashable, Sendable {
    /// The states that the database has returned, of the segments that have a row.
    case written([SegmentID: SegmentState])
    case unavailable(String)
}

/// The outcome of comparing a page of the receipt log with the database, and writing what it lacks.
package enum ReplayOutcome: Hashable, Sendable {
    /// Every receipt before this place has its row, or has been refused for its values.
    case done(to: ReceiptLog.Position, isLast: Bool)
    /// The log cannot be read; the database answers.
    case unreadable
    case unavailable(String)
}

/// The reason why a segment is dead-lettered or lost.
package struct Failure: Hashable, Sendable {
    /// Kinds of failure, as they appear in logs and in the dead-letter queue.
    package enum Kind: String, Sendable {
        case refused, corrupt, missing
    }

    package let kind: Kind
    /// One sentence for people; no secret.
    package let detail: String
}
