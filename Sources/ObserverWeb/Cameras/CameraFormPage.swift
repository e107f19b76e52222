package import Mustache
import ObserverCore

/// The page that adds or edits a camera; its inputs follow from ``CameraField/all``.
package struct CameraFormPage: Page {
    package static let template = "pages/camera-form"
    private let form: CameraForm
    private let csrf: String

    package init(form: CameraForm, csrf: String) {
        self.form = form
        self.csrf = csrf
    }

    /// The page's heading.
    private var heading: String { form.camera.map { "Edit \($0.name)" } ?? "Add camera" }

    private var hasProblems: Bool { !form.errors.isEmpty || form.problem != nil }

    package var title: String { hasProblems ? "Error: \(heading)" : heading }

    package var value: MustacheValue {
        let camera = form.camera
        return [
            "id": camera.map { MustacheValue($0.id.rawValue) } ?? .null,
            "camera_name": MustacheValue(camera?.name),
            "heading": .string(heading),
            "csrf": .string(csrf),
            "version": (form.version ?? camera?.version).map { MustacheValue($0) } ?? .null,
            "action": .string(camera.map { Links.edit($0.id) } ?? Links.newCamera),
            "submit": .string(camera == nil ? "Add camera" : "Save changes"),
            "cancel": .string(camera.map { Links.camera($0.id) } ?? Links.cameras),
            "has_problems": .bool(hasProblems),
            "problems_heading": .string(problemsHeading),
            "problems": .list(problems),
            "groups": MustacheValue(CameraField.Group.allCases) { group in
                ["title": .string(group.rawValue), "fields": .list(inputs(of: group))]
            },
        ]
    }

    // MARK: Problems

    private var problemsHeading: String {
        if let problem = form.problem { return problem }
        return form.errors.count == 1
            ? "One field needs another look. Nothing was changed."
            : "\(form.errors.count) fields need another look. Nothing was changed."
    }

    /// In the order of the page; the first link leads to the first field.
    private var problems: [MustacheValue] {
        let order = CameraField.Group.allCases.flatMap { CameraField.fields(of: $0) }.map(\.name)
        let rest = form.errors.keys.filter { !order.contains($0) }.sorted()
        return (order + rest).compactMap { field in
            form.message(field).map { ["field": .string(field), "message": .string($0)] }
        }
    }

    // MARK: Inputs

    private func inputs(of group: CameraField.Group) -> [MustacheValue] {
        CameraField.fields(of: group).flatMap { field in
            var inputs = [input(of: field)]
            if field.isPassword, form.camera?.hasPassword == true {
                let label = "Remove the stored password"
                inputs.append(
                    input(
                        "remove_password",
                        label: label,
                        own: ["is_check": true, "checked": .bool(form.removesPassword)]
                    )
                )
            }
            return inputs
        }
    }

    private func input(of field: CameraField) -> MustacheValue {
        var own: [String: MustacheValue] = [
            "value": .string(form.shown(field)), "is_required": .bool(field.isRequired),
            "is_optional": .bool(field.null == .clears), "placeholder": MustacheValue(field.example),
        ]
        if let longest = field.longest { own["maxlength"] = MustacheValue(longest) }
        var hint = field.hint
        switch field.kind {
        case .text: own.merge(["is_text": true, "autocapitalize": "sentences"]) { $1 }
        case .code, .certificates: own.merge(["is_text": true, "is_code": true]) { $1 }
        case .url: own.merge(["is_text": true, "is_code": true, "type": "url"]) { $1 }
        case .tags(let most, let longest):
            own.merge(["is_text": true, "maxlength": MustacheValue(most * (longest + 2))]) { $1 }
            hint = field.hint.map { "\($0) Separate them with commas." }
        case .password:
            let more: [String: MustacheValue] = [
                "is_text": true, "is_code": true, "type": "password", "value": "", "autocomplete": "new-password",
            ]
            own.merge(more) { $1 }
            hint = passwordHint(field.hint)
        case .truth: own.merge(["is_check": true, "checked": .bool(form.texts[field.name] == "true")]) { $1 }
        case .integer(let range, let unit):
            own.merge(number(range, unit: unit)) { $1 }
            let limits = "From \(range.lowerBound) to \(range.upperBound)."
            hint = field.hint.map { "\(limits) \($0)" } ?? limits
        case .choice(let choices):
            let current = form.texts[field.name]
            own["choices"] = MustacheValue(choices) { choice in
                [
                    "value": .string(choice.word), "word": .string(choice.label),
                    "is_current": .bool(choice.word == current),
                ]
            }
            own.merge(["is_choice": true, "is_short": true]) { $1 }
        case .number, .time, .status: break
        }
        return input(field.name, label: field.label, own: own, hint: hint)
    }

    private func number(_ range: ClosedRange<Int>, unit: String?) -> [String: MustacheValue] {
        [
            "is_text": true, "is_short": true, "type": "number", "minimum": MustacheValue(range.lowerBound),
            "maximum": MustacheValue(range.upperBound), "unit": MustacheValue(unit),
            // The numeric keyboard of a phone has no minus sign.
            "inputmode": range.lowerBound < 0 ? nil : "numeric",
        ]
    }

    private func passwordHint(_ hint: String?) -> String? {
        let isKept = form.camera?.hasPassword == true && form.errors["password"] == nil
        let first = isKept ? "A password is stored and is never shown. Leave this empty to keep it." : hint
        let again = form.errors.isEmpty && form.problem == nil ? nil : "If you typed a new one, type it again."
        return [first, again].compactMap { $0 }.joined(separator: " ")
    }

    /// An input with every name that the template asks for, so that none is looked up further out.
    private func input(
        _ name: String,
        label: String,
        own: [String: MustacheValue],
        hint: String? = nil
    ) -> MustacheValue {
        let error = form.message(name)
        let described = [error.map { _ in "\(name)-error" }, hint.map { _ in "\(name)-hint" }].compactMap { $0 }
        let all: [String: MustacheValue] = [
            "name": .string(name), "label": .string(label), "error": MustacheValue(error),
            "hint": MustacheValue(hint), "describedby": .string(described.joined(separator: " ")),
            "is_text": false, "is_check": false, "is_choice": false, "is_short": false, "is_code": false,
            "is_required": false, "is_optional": false, "type": "text", "value": "", "autocomplete": "off",
            "autocapitalize": "none", "placeholder": nil, "maxlength": nil, "minimum": nil, "maximum": nil,
            "inputmode": nil, "unit": nil, "checked": false, "choices": [],
        ]
        return .object(all.merging(own) { _, own in own })
    }
}
