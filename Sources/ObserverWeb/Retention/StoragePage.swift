package import Mustache
package import ObserverCore
package import ObserverStore

/// The page of space, rules, deletions and holds.
package struct StoragePage: Page {
    package static let template = "pages/storage"

    /// The rows that the page shows.
    package struct Content: Sendable {
        package var storage: StorageStore.Storage
        package var status: RetentionStatusStore.Status
        package var policies: [RetentionPolicyRecord]
        package var deletions: [DeletionRecord]
        package var holds: [Hold]
        package var failedUploads: Int64
        package var locked: LockedSegmentStore.Sum
        package var changes: [RetentionChange]

        package init(
            storage: StorageStore.Storage,
            status: RetentionStatusStore.Status,
            policies: [RetentionPolicyRecord] = [],
            deletions: [DeletionRecord] = [],
            holds: [Hold] = [],
            failedUploads: Int64 = 0,
            locked: LockedSegmentStore.Sum = .init(),
            changes: [RetentionChange] = []
        ) {
            self.storage = storage
            self.status = status
            self.policies = policies
            self.deletions = deletions
            self.holds = holds
            self.failedUploads = failedUploads
            self.locked = locked
            self.changes = changes
        }
    }

    let content: Content
    private let forms: StorageForms
    private let preview: RetentionPreview?
    private let viewer: Viewer
    let now: Timestamp
    private let names: [CameraID: String]

    package init(
        _ content: Content,
        forms: StorageForms = StorageForms(),
        preview: RetentionPreview? = nil,
        viewer: Viewer,
        now: Timestamp
    ) {
        self.content = content
        self.forms = forms
        self.preview = preview
        self.viewer = viewer
        self.now = now
        names = Dictionary(content.storage.cameras.map { ($0.id, $0.name) }) { first, _ in first }
    }

    package var title: String { forms.errors.isEmpty ? "Storage" : "Error: Storage" }

    package var value: MustacheValue {
        let sum = content.storage.sum
        return [
            "csrf": .string(viewer.csrf),
            "may_change": .bool(viewer.role >= .operator),
            "summary": .string("\(Format.size(sum.bytes)) in \(Format.count(sum.segments, "recordings"))."),
            "failed": content.failedUploads == 0
                ? .null : ["link": .string(Links.failedUploads), "count": .string(failedWords)],
            "notes": .list(notes.map(MustacheValue.string)),
            "trouble": trouble,
            "has_deletions": .bool(!content.deletions.isEmpty),
            "deletions": .list(content.deletions.map(row)),
            "has_cameras": .bool(!content.storage.cameras.isEmpty),
            "ages": .list(ages.map(MustacheValue.string)),
            "cameras": .list(content.storage.cameras.map(row)),
            "has_rules": .bool(!content.policies.isEmpty),
            "rules": .list(content.policies.map(row)),
            "preview": preview.map(view) ?? .null,
            "rule_fields": .list(ruleFields),
            "has_holds": .bool(!content.holds.isEmpty),
            "holds": .list(content.holds.map(row)),
            "hold_fields": .list(holdFields),
            "has_history": .bool(!content.changes.isEmpty),
            "history": .list(content.changes.map(row)),
        ]
    }

    func name(_ camera: CameraID) -> String { names[camera] ?? "Camera \(camera)" }

    private var failedWords: String { Format.count(content.failedUploads, "recordings") }

    // MARK: State

    private var trouble: MustacheValue {
        let errors = forms.errors.sorted { $0.key < $1.key }
        if !errors.isEmpty {
            let lines: [MustacheValue] = errors.map { name, reason in
                // That of a release has no input of its own.
                let input = name == "reason" && forms.typed.isEmpty ? nil : name
                return ["field": MustacheValue(input), "text": .string("\(Self.label(name)) \(reason).")]
            }
            return ["heading": "Nothing was changed.", "is_form": true, "lines": .list(lines)]
        }
        if let error = content.status.error {
            let heading = "\(content.status.isPartial ? "Not everything" : "Nothing") is deleted at the moment."
            return ["heading": .string(heading), "is_form": false, "lines": [line("\(error).")]]
        }
        guard content.status.holder == nil else { return .null }
        return [
            "heading": "Nothing is deleted at the moment.",
            "is_form": false,
            "lines": [line("observer-retention is not running, so that recordings stay beyond their time.")],
        ]
    }

    private func line(_ text: String) -> MustacheValue { ["field": nil, "text": .string(text)] }

    private static func label(_ input: String) -> String {
        switch input {
        case "camera_id": "Camera"
        case "most_gigabytes": "Size"
        case "longest_days": "At most"
        case "shortest_days": "At least"
        default: input.prefix(1).uppercased() + input.dropFirst()
        }
    }

    // MARK: Rows

    private func row(_ record: DeletionRecord) -> MustacheValue {
        let (word, mark, tone) = Self.words(record.state)
        let mayApprove = record.state == .waiting || record.state == .paused
        return [
            "id": MustacheValue(record.id),
            "csrf": .string(viewer.csrf),
            "camera": .string(name(record.deletion.stream.camera)),
            "is_sub": .bool(record.deletion.stream.kind == .sub),
            "word": .string(word),
            "mark": .string(mark),
            "tone": .string(tone.rawValue),
            "objection": MustacheValue(record.state == .waiting ? record.objection : nil),
            "before": Format.time(record.deletion.before, now: now),
            "reason": .string(Self.word(record.deletion.reason)),
            "left": .string(record.state == .done ? "–" : Format.size(record.deletion.due.bytes)),
            "deleted": .string(Format.size(record.decided.bytes)),
            "approve": .bool(mayApprove),
            "verb": .string(record.state == .paused ? "Resume" : "Approve"),
            "pause": .bool(record.state == .running || record.state == .waiting),
        ]
    }

    static func words(_ state: DeletionRecord.State) -> (word: String, mark: String, tone: StateView.Tone) {
        switch state {
        case .waiting: ("Waits for approval", "retrying", .failing)
        case .paused: ("Paused", "pending", .plain)
        case .running: ("Deleting", "connecting", .plain)
        case .done: ("Done", "stored", .quiet)
        }
    }

    static func word(_ reason: RetentionDeletion.Reason) -> String {
        switch reason {
        case .age: "age"
        case .size: "size"
        case .camera: "the camera was deleted"
        }
    }

    private var ages: [String] {
        StorageStore.ages.map { "up to \(Format.count(Int64($0), "days"))" } + ["older"]
    }

    private func row(_ camera: StorageStore.Camera) -> MustacheValue {
        let days = camera.days
        return [
            "name": .string(camera.name),
            "link": camera.isDeleted ? .null : .string(Links.camera(camera.id)),
            "space": .string(Format.size(camera.sum.bytes)),
            "by_age": .list(camera.ages.map { .string($0.bytes == 0 ? "–" : Format.size($0.bytes)) }),
            "oldest": Format.time(camera.oldestAt, now: now),
            "kept": .string(Format.count(Int64(days.longest), "days")),
        ]
    }

    private func row(_ record: RetentionPolicyRecord) -> MustacheValue {
        let limits = record.policy.limits
        let days = { (count: Int?) in count.map { Format.count(Int64($0), "days") } ?? "–" }
        return [
            "id": MustacheValue(record.id),
            "csrf": .string(viewer.csrf),
            "cameras": .string(words(record.policy.scope)),
            "longest": .string(days(limits.longestDays)),
            "shortest": .string(days(limits.shortestDays)),
            "size": .string(limits.mostBytes.map(Format.size) ?? "–"),
            "actor": .string(record.actor),
        ]
    }

    func words(_ scope: RetentionScope) -> String {
        switch scope {
        case .all: "All cameras"
        case .tag(let tag): "Tag \(tag)"
        case .camera(let camera): name(camera)
        }
    }

    private func row(_ hold: Hold) -> MustacheValue {
        [
            "id": MustacheValue(hold.id),
            "csrf": .string(viewer.csrf),
            "camera": .string(name(hold.camera)),
            "protection": MustacheValue(hold.protection.map(Self.words)),
            "from": Format.time(hold.from, now: now),
            "to": Format.time(hold.to, now: now),
            "reason": .string(hold.reason),
            "actor": .string(hold.actor),
        ]
    }

    private func view(_ preview: RetentionPreview) -> MustacheValue {
        let (due, decisions) = (preview.due, preview.decisions)
        let lines = decisions.map { decision in
            let deletion = decision.deletion
            let objection = decision.objection.map { "; it would wait for approval: \($0)" } ?? ""
            return "\(name(deletion.stream.camera)): \(Format.size(deletion.due.bytes)) from before "
                + "\(Format.exact(deletion.before)), because of \(Self.word(deletion.reason))\(objection)"
        }
        let excesses = preview.excesses.map {
            "\(words($0.scope)): \(Format.size($0.bytes)) too much remain, which is too new, held or not uploaded yet"
        }
        return [
            "heading": "With this rule, now",
            "summary": .string(
                decisions.isEmpty
                    ? "Nothing would be deleted."
                    : "\(Format.size(due.bytes)) in \(Format.count(due.segments, "recordings")) would be deleted."
            ),
            "lines": .list((lines + excesses).map(MustacheValue.string)),
        ]
    }

    // MARK: Inputs

    private var ruleFields: [MustacheValue] {
        [
            input("tag", "Tag", hint: "Of the cameras with this tag; empty: of all cameras, or the one chosen below."),
            choice("rule_camera", "Camera", optional: "Any"),
            input("longest_days", "Keep at most", unit: "days"),
            input("shortest_days", "Keep at least", unit: "days"),
            input("most_gigabytes", "Together at most", unit: "GB", hint: "The oldest recordings go first."),
        ]
    }

    private var holdFields: [MustacheValue] {
        [
            choice("camera_id", "Camera", optional: nil),
            input("from", "From (UTC)", type: "datetime-local"),
            input("to", "To (UTC)", type: "datetime-local"),
            input("reason", "Reason"),
        ]
    }

    private func input(
        _ name: String,
        _ label: String,
        type: String = "text",
        unit: String? = nil,
        hint: String? = nil
    ) -> MustacheValue {
        field(
            name,
            [
                "label": .string(label), "is_text": true, "type": .string(type),
                "value": .string(forms.typed[name] ?? ""), "unit": MustacheValue(unit),
                "is_short": .bool(unit != nil || type != "text"), "hint": MustacheValue(hint),
                "inputmode": MustacheValue(unit == nil ? nil : "numeric"), "autocomplete": "off",
                "autocapitalize": "sentences",
            ]
        )
    }

    private func choice(_ name: String, _ label: String, optional: String?) -> MustacheValue {
        let chosen = forms.typed[name] ?? ""
        var choices: [MustacheValue] = []
        if let optional { choices = [["value": "", "word": .string(optional), "is_current": .bool(chosen.isEmpty)]] }
        choices += content.storage.cameras.map { camera in
            [
                "value": .string("\(camera.id)"), "word": .string(camera.name),
                "is_current": .bool(chosen == "\(camera.id)"),
            ]
        }
        return field(name, ["label": .string(label), "is_choice": true, "choices": .list(choices)])
    }

    private func field(_ name: String, _ own: [String: MustacheValue]) -> MustacheValue {
        var values = own
        let error = forms.errors[name]
        var described: [String] = []
        if error != nil { described.append("\(name)-error") }
        if case .string? = own["hint"] { described.append("\(name)-hint") }
        values["name"] = .string(name)
        values["error"] = MustacheValue(error.map { "\(Self.label(name)) \($0)." })
        values["describedby"] = MustacheValue(described.isEmpty ? nil : described.joined(separator: " "))
        return .object(values)
    }
}
