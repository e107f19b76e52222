import Crypto
import Encodings
import Errors
import Glibc
import HTTPClient
import Lifecycle
import Logging
import ObserverCore
import S3
import Spool
import System

/// Copies the object of one segment from a destination to another: to a file, which is hashed, and from there like any upload.
struct SegmentCopier {
    enum Outcome {
        /// The destination has the segment's bytes.
        case there(StoredObject)
        /// One of the two has other bytes, for this reason.
        case different(String)
        case trouble(String)
    }

    /// Bytes that are read at once, at most: little enough for a slow line.
    private static let pieceBytes: Int64 = 512 << 10
    /// Room that is left to recordings.
    private static let leastFree: Int64 = 256 << 20

    private let stores: DestinationStores
    private let spool: Spool
    private let stop: StopSignal
    /// One request is under way at a time.
    private let answers = BlockingQueue<Answer>(limit: 1)

    /// The file of a segment on its way.
    private final class Part {
        let file: File

        init(file: consuming File) {
            self.file = file
        }

        func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
            try bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
                try file.write(UnsafeRawBufferPointer(buffer), at: offset)
            }
        }
    }

    private enum Answer: Sendable {
        case looked(HeadOutcome)
        case put(PutOutcome)
    }

    init(stores: DestinationStores, spool: Spool, stop: StopSignal) {
        (self.stores, self.spool, self.stop) = (stores, spool, stop)
        stop.onStop { [answers] in answers.close() }
    }

    /// Copies a segment; returns within seconds of a stop.
    func copy(_ segment: Segment, from: Destination, to: Destination) -> Outcome {
        let target = stores.store(at: to)
        // What an earlier process brought there is not fetched again.
        target.head(segment) { [answers] in _ = answers.push(.looked($0)) }  // ignored: false only after the stop
        guard case .looked(let found)? = answer() else { return .trouble("the uploader ends") }
        switch found {
        case .same(let object): return .there(object)
        case .different: return Self.otherBytes(to)
        case .refused(let refusal): return .trouble("\(to.word): \(refusal.reason)")
        case .trouble(_, let reason): return .trouble("\(to.word): \(reason)")
        case .absent: return bring(segment, from: from, to: to, target)
        }
    }

    private func bring(
        _ segment: Segment,
        from: Destination,
        to: Destination,
        _ target: S3SegmentStore
    ) -> Outcome {
        let path = "\(spool.layout.stored)/\(segment.id).part"
        defer { unlink(path) }
        if let problem = fetch(segment, from: from, into: path) { return problem }
        target.put(segment, file: path, priority: .low) { [answers] in
            _ = answers.push(.put($0))  // ignored: false only after the stop
        }
        guard case .put(let outcome)? = answer() else { return .trouble("the uploader ends") }
        switch outcome {
        case .stored(let object): return .there(object)
        // The next attempt looks at it.
        case .exists: return .trouble("\(to.word): an object appeared meanwhile")
        case .digestMismatch: return .trouble("\(to.word): the bytes were changed on the way")
        case .unreadable(let reason): return .trouble(reason)
        case .refused(let refusal): return .trouble("\(to.word): \(refusal.reason)")
        case .trouble(_, let reason): return .trouble("\(to.word): \(reason)")
        }
    }

    /// Deletes a copy of a segment that ended meanwhile.
    func remove(_ segment: Segment, at destination: Destination, _ logger: Logger) {
        do throws(S3Error) {
            try stores.reader(of: destination)?.delete(segment.header.objectKey)
        } catch {
            logger.warning(
                "Copy of expired segment left",
                [.segmentID: .string("\(segment.id)"), .error: .string(error.advice)]
            )
        }
    }

    /// Brings the bytes of a segment into a file; returns what went wrong.
    private func fetch(_ segment: Segment, from: Destination, into path: String) -> Outcome? {
        guard let client = stores.reader(of: from) else { return .trouble("there is no \(from.word) store") }
        // A disk that does not answer has no room that is known.
        let free = (try? spool.space().freeBytes) ?? 0
        guard free - segment.media.bytes > Self.leastFree else {
            return .trouble("the disk of the spool is nearly full")
        }
        do throws(SystemError) {
            let part = Part(file: try File(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC))
            if let problem = try fetch(segment, client, from, into: part) { return problem }
            let found = try SHA256.hash(File(opening: path)).hash.hex
            return found == segment.media.sha256 ? nil : Self.otherBytes(from)
        } catch {
            return .trouble(error.description)
        }
    }

    private func fetch(
        _ segment: Segment,
        _ client: S3Client,
        _ from: Destination,
        into part: Part
    ) throws(SystemError) -> Outcome? {
        var offset: Int64 = 0
        while offset < segment.media.bytes {
            guard !stop.isStopped else { return .trouble("the uploader ends") }
            let last = min(offset + Self.pieceBytes, segment.media.bytes) - 1
            let bytes: [UInt8]
            do throws(S3Error) {
                bytes = try client.get(segment.header.objectKey, range: offset...last)
            } catch {
                guard error.kind == .notFound, error.code != "NoSuchBucket" else {
                    return .trouble("\(from.word): \(error.advice)")
                }
                return .different("the \(from.word) store does not have it")
            }
            guard bytes.count == last - offset + 1 else { return Self.otherBytes(from) }
            try part.write(bytes, at: offset)
            offset = last + 1
        }
        return nil
    }

    private static func otherBytes(_ destination: Destination) -> Outcome {
        .different("the object under its key in the \(destination.word) store has other bytes")
    }

    /// Waits for the answer to a request; nil at the stop.
    private func answer() -> Answer? {
        while !stop.isStopped {
            if let answer = answers.pop(within: .seconds(60)) { return answer }
        }
        return nil
    }
}
