import Mustache
import ObserverCore
import ObserverStore

/// The parts of the page that tell of the bucket and of earlier changes.
extension StoragePage {
    /// Sentences about the room that deleting does not free at once.
    var notes: [String] {
        var notes: [String] = []
        if content.status.bucket?.versions == .kept {
            notes.append(
                "The bucket keeps versions: what is deleted here takes room until the rules of the bucket remove it."
            )
        }
        let locked = content.locked
        if locked.segments > 0 {
            let times = [locked.firstUntil, locked.lastUntil].compactMap { $0.map { Format.exact($0) } }
            let until =
                times.isEmpty ? "" : times[0] == times[times.count - 1] ? times[0] : times.joined(separator: " to ")
            let words = until.isEmpty ? "; it does not say until when" : " until \(until)"
            notes.append(
                "\(Format.count(locked.segments, "recordings")) (\(Format.size(locked.bytes))) are past their time, "
                    + "and the store locks them\(words). They are deleted after that."
            )
        }
        return notes
    }

    /// The progress with which the store protects a hold.
    static func words(_ protection: Hold.Protection) -> String {
        let count = "\(Format.count(protection.objects, "recordings")) locked by the store"
        if let error = protection.error { return "\(count); \(protection.refused) refused: \(error)" }
        return protection.isComplete ? count : "\(count) so far"
    }

    func row(_ change: RetentionChange) -> MustacheValue {
        let hold = change.hold.map { "hold \($0)" } ?? ""
        let word: String =
            switch change.event {
            case .ruleWritten: change.old == nil ? "Rule written" : "Rule changed"
            case .ruleDeleted: "Rule deleted"
            case .held: "Held (\(hold))"
            case .released: "Released (\(hold))"
            }
        return [
            "at": Format.time(change.at, now: now),
            "actor": .string(change.actor),
            "word": .string(word),
            "cameras": .string(words(change.scope)),
            "old": .string(change.old.map(Self.words) ?? "–"),
            "new": .string(change.reason ?? change.new.map(Self.words) ?? "–"),
        ]
    }

    private static func words(_ limits: RetentionPolicy.Limits) -> String {
        [
            limits.longestDays.map { "at most \(Format.count(Int64($0), "days"))" },
            limits.shortestDays.map { "at least \(Format.count(Int64($0), "days"))" },
            limits.mostBytes.map { "at most \(Format.size($0))" },
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
