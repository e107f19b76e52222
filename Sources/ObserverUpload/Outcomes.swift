package import ObserverCore
package import Spool

/// Why a request to S3 did not come to an answer that decides anything.
///
/// It never uses up a try.
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

/// What S3 said to a PUT, as far as decisions need it.
package enum PutOutcome: Hashable, Sendable {
    /// It is in the store; S3 has compared the hash.
    case stored(etag: String?)
    /// Something lies under this key already (412).
    case exists
    /// The received bytes do not have the announced hash.
    case digestMismatch
    /// The file was there a moment ago and cannot be read.
    case fileGone
    /// An answer that will be the same next time unless somebody acts (400, 403, 404).
    case refused(String)
    /// Nothing that decides.
    case trouble(Trouble, String)
}

/// What lies under a key that was taken.
package enum CheckOutcome: Hashable, Sendable {
    /// Our own bytes: an earlier PUT whose answer was lost.
    case same(etag: String?)
    /// Other bytes.
    case different
    /// S3 does not let us look.
    case refused(String)
    /// Nothing that decides.
    case trouble(Trouble, String)
}

/// What the spool has of a segment.
package enum Preparation: Hashable, Sendable {
    /// Sidecar and media, of the right size.
    case ready(Segment)
    /// Uploaded before; what is left to do is to tell the database and to delete the file.
    case uploaded(Receipt)
    /// Neither media nor receipt.
    case missing
    /// Not what its sidecar says.
    case corrupt(String)
    /// The disk does not let it be read, which says nothing about what is there.
    case unreadable(String)
}

/// What hashing a file anew told.
package enum HashOutcome: Hashable, Sendable {
    /// It is what its sidecar says.
    case intact
    case different
    /// The disk does not let it be read.
    case unreadable(String)
}

/// What the database knows of a segment.
package enum RowOutcome: Hashable, Sendable {
    /// Its row's state, nil when it has no row.
    case known(SegmentState?)
    /// The database did not answer.
    case away
}

/// Why a segment is dead-lettered or lost.
package struct Failure: Hashable, Sendable {
    /// The kinds of failure, as they appear in logs and in the dead queue.
    package enum Kind: String, Sendable {
        case refused, corrupt, missing
    }

    package let kind: Kind
    /// One sentence for people; no secret.
    package let detail: String
}
