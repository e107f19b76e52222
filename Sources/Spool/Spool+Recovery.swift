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
    /// - Returns: The outcome for each file. The caller's own are `kept` as `inUse` while another process is at them.
    /// - Throws: `SpoolError` where nothing can be done at all; calling again goes on from there.
    package func recover(as recorder: String?, former: Set<SegmentID>? = nil) throws(SpoolError) -> [Recovered] {
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
        for name in try Files.names(in: folder).sorted() {
            removeOldPart(name)
            guard name.hasSuffix(".json"), let id = SegmentID(String(name.dropLast(5))) else { continue }
            do throws(SpoolError) {
                guard let draft = try draft(id) else { continue }
                let owner = draft.origin.recorder
                if owner == recorder {
                    guard former?.contains(id) ?? true else { continue }
                    guard single != nil else {
                        let reason = "another process finishes what was left open"
                        throw SpoolError(.inUse, layout.draft(id), reason: reason)
                    }
                } else {
                    guard single != nil else { continue }
                    if dead[owner] == nil { dead[owner] = try tryLock(owner, for: .recovery) != nil }
                    guard dead[owner] == true else { continue }
                }
                if let result = try salvage(draft) { results.append(result) }
            } catch {
                results.append(error.kind == .corrupt ? putAside(id, error) : .kept(id, error))
            }
        }
        return results
    }

    /// The files that a former life of a recorder left open, with the length of what is whole of each in milliseconds.
    ///
    /// Nothing is read but the heads of fragments, so that a start need not wait for more.
    package func leftOpen(by recorder: String) throws(SpoolError) -> [(header: SegmentHeader, milliseconds: Int64)] {
        var found: [(SegmentHeader, Int64)] = []
        for name in try Files.names(in: layout.open) where name.hasSuffix(".json") {
            guard let id = SegmentID(String(name.dropLast(5))), let draft = try? draft(id),
                draft.origin.recorder == recorder
            else { continue }
            let path = try Files.exists(layout.openMedia(id)) ? layout.openMedia(id) : layout.media(id)
            let whole = try Files.exists(path) ? wholeFragments(path) : nil
            found.append((draft, (whole?.mediaDuration90k ?? 0) / 90))
        }
        return found
    }

    /// Reads the draft of an open file; nil if another process has finished it meanwhile.
    private func draft(_ id: SegmentID) throws(SpoolError) -> SegmentHeader? {
        let path = layout.draft(id)
        let draft: SegmentHeader
        do {
            draft = try SpoolJSON.decode(SegmentHeader.self, at: path)
        } catch {
            guard try Files.exists(path) else { return nil }
            throw error
        }
        if let problem = draft.problem { throw SpoolError(.corrupt, path, reason: problem) }
        guard draft.id == id else { throw SpoolError(.corrupt, path, reason: "it is the draft of \(draft.id)") }
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
