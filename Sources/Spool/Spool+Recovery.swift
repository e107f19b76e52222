import Glibc
import MP4
package import ObserverCore

extension Spool {
    /// Finishes what dead recorders left open: cuts each file after its last whole fragment and commits it.
    ///
    /// Files of recorders that live are left alone, and so are files that a failing disk does not give. The process may die
    /// anywhere in it, and it may be called again.
    ///
    /// - Parameters:
    ///   - recorder: The caller's own name, whose lock it holds; nil where the caller records nothing.
    ///   - former: The caller's own files that are of a former life; nil for all, where it records nothing yet.
    ///   - time: What is known of the time of day; nil for the times in the drafts.
    /// - Returns: The outcome for each file. The caller's own are `kept` as `inUse` while another process is at them, and all
    ///   are while the time is uncertain.
    /// - Throws: `SpoolError` where nothing can be done at all; calling again goes on from there.
    package func recover(
        as recorder: String?,
        former: Set<SegmentID>? = nil,
        time: SpoolTime? = nil
    ) throws(SpoolError) -> [Recovered] {
        var results: [Recovered] = []
        // Two recoveries of the same file would disturb each other. Nothing else locks this directory.
        let folder = layout.open
        let single = try RecorderLock.take(
            Files.open(folder, O_RDONLY | O_DIRECTORY),
            operation: LOCK_EX,
            path: folder
        )
        // Files that were there before their recorder was found dead are not those of its next life.
        var dead: [String: Bool] = [:]
        let ends = try time.map { time throws(SpoolError) in try self.ends(time) } ?? [:]
        for name in try Files.names(in: folder).sorted() {
            removeOldPart(name)
            guard name.hasSuffix(".json"), let id = SegmentID(String(name.dropLast(5))) else { continue }
            do throws(SpoolError) {
                guard let draft = try draft(id) else { continue }
                let owner = draft.header.origin.recorder
                if owner == recorder {
                    guard former?.contains(where: { id.isMoved(from: $0) }) ?? true else { continue }
                    guard single != nil else {
                        let reason = "another process finishes what was left open"
                        throw SpoolError(.inUse, layout.draft(id), reason: reason)
                    }
                } else {
                    guard single != nil else { continue }
                    if dead[owner] == nil { dead[owner] = try tryLock(owner, for: .recovery) != nil }
                    guard dead[owner] == true else { continue }
                }
                if let result = try salvage(draft, time, ends: ends) { results.append(result) }
            } catch {
                results.append(error.kind == .corrupt ? putAside(id, error) : .kept(id, error))
            }
        }
        return results
    }

    /// A file that a former life of a recorder left open.
    package struct LeftOpen: Sendable {
        package var header: SegmentHeader
        package var place: SpoolTime.Place
        /// The length of what is whole of it.
        package var milliseconds: Int64
    }

    /// The files that a former life of a recorder left open.
    ///
    /// Nothing is read but the heads of fragments, so that a start need not wait for more.
    package func leftOpen(by recorder: String, time: SpoolTime? = nil) throws(SpoolError) -> [LeftOpen] {
        let ends = try time.map { time throws(SpoolError) in try self.ends(time) } ?? [:]
        var found: [LeftOpen] = []
        for draft in try drafts() where draft.header.origin.recorder == recorder {
            found.append(
                LeftOpen(
                    header: draft.header,
                    place: time?.place(draft, ends: ends) ?? .asWritten,
                    milliseconds: try length(of: draft.header.id)
                )
            )
        }
        return found
    }

    private func drafts() throws(SpoolError) -> [SegmentDraft] {
        try identifiers(in: layout.open).compactMap { id in try? draft(id) }
    }

    private func length(of id: SegmentID) throws(SpoolError) -> Int64 {
        let path = try Files.exists(layout.openMedia(id)) ? layout.openMedia(id) : layout.media(id)
        let whole = try Files.exists(path) ? wholeFragments(path) : nil
        return (whole?.mediaDuration90k ?? 0) / 90
    }

    /// The last moment of what each earlier boot left open, by its own clock, where the times of that cannot be right.
    private func ends(_ time: SpoolTime) throws(SpoolError) -> [String: Int64] {
        var ends: [String: Int64] = [:]
        for draft in try drafts() {
            guard let begun = draft.begun, begun.boot != time.boot, !time.isPossible(draft.header.startedAt) else {
                continue
            }
            let end = begun.uptime.addingSaturated(try length(of: draft.header.id).multipliedSaturated(by: 1000))
            ends[begun.boot] = max(ends[begun.boot] ?? end, end)
        }
        return ends
    }

    /// Commits what is whole of a file that was left open, at its place in time.
    private func salvage(
        _ draft: SegmentDraft,
        _ time: SpoolTime?,
        ends: [String: Int64]
    ) throws(SpoolError) -> Recovered? {
        var header = draft.header
        if let time, case .at(let uptime) = time.place(draft, ends: ends) {
            guard time.isCertain else {
                throw SpoolError(.inUse, layout.draft(header.id), reason: "the time of day is not known yet")
            }
            header = header.moved(to: time.timeOfDay.wall(uptime))
        }
        return try salvage(draft, as: header)
    }

    /// Reads the draft of an open file; nil if another process has finished it meanwhile.
    private func draft(_ id: SegmentID) throws(SpoolError) -> SegmentDraft? {
        let path = layout.draft(id)
        let draft: SegmentDraft
        do {
            draft = try SpoolJSON.decode(SegmentDraft.self, at: path)
        } catch {
            guard try Files.exists(path) else { return nil }
            throw error
        }
        if let problem = draft.problem { throw SpoolError(.corrupt, path, reason: problem) }
        guard draft.header.id == id else {
            throw SpoolError(.corrupt, path, reason: "it is the draft of \(draft.header.id)")
        }
        return draft
    }

    /// Removes a draft that was being written when its recorder died.
    private func removeOldPart(_ name: String) {
        let path = "\(layout.open)/\(name)"
        guard name.hasSuffix(".json.part"), let status = try? Files.status(path), status.ageSeconds > 600 else {
            return
        }
        try? Files.remove(path)
    }

    func putAside(_ id: SegmentID, _ reason: SpoolError) -> Recovered {
        do throws(SpoolError) {
            try quarantine("open/\(id).json")
            if try Files.exists(layout.openMedia(id)) { try quarantine("open/\(id).mp4.part") }
            return .quarantined(id, reason)
        } catch {
            return .kept(id, error)
        }
    }
}
