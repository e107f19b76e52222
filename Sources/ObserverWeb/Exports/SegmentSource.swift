import Errors
import Glibc
import Lifecycle
package import ObserverConfiguration
package import ObserverCore
package import ObserverExport
import ObserverStore
import Postgres
import S3
import System

/// The reason why the bytes of a segment cannot be read.
package struct SegmentSourceError: DescribedError, Hashable {
    /// The kinds of trouble.
    package enum Kind: String, CaseIterable, Sendable {
        /// It was deleted, or is lost.
        case gone
        /// It is on another machine.
        case elsewhere
        /// The store does not answer.
        case unavailable
        /// The bytes are other ones than were recorded.
        case changed
        /// Somebody stopped it.
        case cancelled
    }

    package let kind: Kind
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    package var isTemporary: Bool { kind == .unavailable || kind == .elsewhere }
}

/// Reads segments wherever they are: in the spool of this machine, or in a store.
package struct SegmentSource: Sendable {
    private let configuration: WebConfiguration
    private let stores: StoreClients
    private let away: @Sendable () -> DestinationSet

    package init(
        _ configuration: WebConfiguration,
        stores: StoreClients,
        away: @escaping @Sendable () -> DestinationSet
    ) {
        self.configuration = configuration
        self.stores = stores
        self.away = away
    }

    /// The place of a segment's bytes.
    package enum Place: Sendable {
        /// A file of the spool, which stays readable when it is removed.
        case file(OpenSegment)
        /// A store, and others that have it as well.
        case store([Destination])
    }

    /// A file that is open for reading.
    package final class OpenSegment: Sendable {
        private let file: File

        init(_ file: consuming File) { self.file = file }

        func read(_ range: Range<Int64>) throws(SystemError) -> [UInt8] {
            var failure: SystemError?
            let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
                do throws(SystemError) {
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            return bytes
        }
    }

    /// Returns true if a segment that is not in a store can be read here.
    package func isHere(_ segment: ExportSegment) -> Bool {
        guard let spool = configuration.spool else { return false }
        return access(SpoolLayout(root: spool).media(segment.id), R_OK) == 0
    }

    /// Finds a segment.
    ///
    /// One that has left the spool since its row was read is looked up anew, by a connection of its own.
    ///
    /// - Throws: ``SegmentSourceError``.
    package func find(_ segment: ExportSegment) throws(SegmentSourceError) -> Place {
        if let place = try look(segment.id, segment.state, segment.destinations, error: nil) { return place }
        let record: SegmentRecord?
        do {
            record = try SegmentStore(PostgresConnection(configuration.database)).get(segment.id)
        } catch {
            throw SegmentSourceError(.unavailable, "the database does not tell where segment \(segment.id) is")
        }
        guard let record, let place = try look(segment.id, record.state, record.destinations, error: record.error)
        else {
            throw SegmentSourceError(.elsewhere, "segment \(segment.id) is on another machine, on its way to the store")
        }
        return place
    }

    private func look(
        _ id: SegmentID,
        _ state: SegmentState,
        _ destinations: DestinationSet,
        error: String?
    ) throws(SegmentSourceError) -> Place? {
        switch state {
        case .stored:
            let held = destinations.intersection(stores.destinations)
            let first = held.subtracting(away()).members
            let all = first + held.members.filter { !first.contains($0) }
            guard !all.isEmpty else {
                throw SegmentSourceError(.elsewhere, "segment \(id) lies in a store that is not set up here")
            }
            return .store(all)
        case .spooled, .failed:
            guard let spool = configuration.spool else { return nil }
            do throws(SystemError) {
                return .file(OpenSegment(try File(opening: SpoolLayout(root: spool).media(id))))
            } catch {
                guard error.code == ENOENT else {
                    throw SegmentSourceError(.unavailable, "segment \(id) is in the spool: \(error)")
                }
                return nil
            }
        case .expiring, .expired: throw SegmentSourceError(.gone, "segment \(id) was deleted when its time was over")
        case .lost: throw SegmentSourceError(.gone, "segment \(id) is lost: \(error ?? "its bytes are gone")")
        }
    }

    /// Begins to read bytes of a segment.
    package func begin(_ range: Range<Int64>, of segment: ExportSegment, at place: Place) -> SegmentRead {
        let read = SegmentRead(count: range.count)
        switch place {
        case .file(let file):
            do throws(SystemError) {
                read.set(.success(try file.read(range)))
            } catch {
                read.set(.failure(SegmentSourceError(.unavailable, "segment \(segment.id): \(error)")))
            }
        case .store(let destinations): ask(destinations[...], range, of: segment, read)
        }
        return read
    }

    private func ask(
        _ destinations: ArraySlice<Destination>,
        _ range: Range<Int64>,
        of segment: ExportSegment,
        _ read: SegmentRead
    ) {
        guard let destination = destinations.first, let client = stores[destination] else {
            return read.set(.failure(SegmentSourceError(.gone, "no store has segment \(segment.id)")))
        }
        client.get(segment.objectKey, bytes: range.lowerBound...range.upperBound - 1) { result in
            switch result {
            case .success(let bytes): read.set(.success(bytes))
            case .failure where destinations.count > 1:
                ask(destinations.dropFirst(), range, of: segment, read)
            case .failure(let error):
                let kind: SegmentSourceError.Kind = error.kind == .notFound ? .gone : .unavailable
                read.set(.failure(SegmentSourceError(kind, "segment \(segment.id) in the store: \(error)")))
            }
        }
    }

    /// Reads bytes of a segment.
    ///
    /// - Throws: ``SegmentSourceError``.
    package func read(
        _ range: Range<Int64>,
        of segment: ExportSegment,
        at place: Place
    ) throws(SegmentSourceError) -> [UInt8] {
        guard !range.isEmpty else { return [] }
        return try begin(range, of: segment, at: place).wait()
    }
}

/// Bytes on their way.
package final class SegmentRead: Sendable {
    private let count: Int
    private let result = Monitor<Result<[UInt8], SegmentSourceError>?>(nil)

    init(count: Int) {
        self.count = count
    }

    func set(_ value: Result<[UInt8], SegmentSourceError>) {
        result.withLock { $0 = value }
    }

    /// Waits for the bytes; each request ends by its own limits.
    ///
    /// - Throws: ``SegmentSourceError``; fewer bytes than asked for are an error.
    package func wait() throws(SegmentSourceError) -> [UInt8] {
        result.wait { $0 != nil }
        guard let value = result.withLock({ $0 }) else { throw SegmentSourceError(.unavailable, "no outcome") }
        let bytes = try value.get()
        guard bytes.count == count else {
            throw SegmentSourceError(
                .changed,
                "\(bytes.count) bytes in place of \(count): the segment is shorter than recorded"
            )
        }
        return bytes
    }
}
