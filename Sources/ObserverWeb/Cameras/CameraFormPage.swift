package import Mustache
import ObserverCore

/// The page that adds or edits a camera.
package struct CameraFormPage: Page {
    package static let template = "pages/camera-form"
    private let form: CameraForm
    private let csrf: String

    package init(form: CameraForm, csrf: String) {
        self.form = form
        self.csrf = csrf
    }

    package var title: String { form.camera.map { "Edit \($0.name)" } ?? "Add camera" }

    package var value: MustacheValue {
        let camera = form.camera
        return [
            "id": camera.map { MustacheValue($0.id.rawValue) } ?? .null,
            "camera_name": MustacheValue(camera?.name),
            "heading": .string(title),
            "csrf": .string(csrf),
            "version": (form.version ?? camera?.version).map { MustacheValue($0) } ?? .null,
            "action": .string(camera.map { Links.edit($0.id) } ?? Links.newCamera),
            "submit": .string(camera == nil ? "Add camera" : "Save changes"),
            "cancel": .string(camera.map { Links.camera($0.id) } ?? Links.cameras),
            "has_problems": .bool(!problems.isEmpty || form.problem != nil),
            "problems_heading": .string(heading),
            "problems": .list(problems),
            "fields_camera": .list(cameraFields),
            "fields_stream": .list(streamFields),
            "fields_recording": .list(recordingFields),
        ]
    }

    // MARK: Problems

    private var heading: String {
        if let problem = form.problem { return problem }
        return form.errors.count == 1
            ? "One field needs another look. Nothing was changed."
            : "\(form.errors.count) fields need another look. Nothing was changed."
    }

    /// In the order of the page; the first link leads to the first field.
    private var problems: [MustacheValue] {
        let order = [
            "name", "location", "location_details", "tags", "url", "username", "password", "transport", "audio",
        ]
        let rest = form.errors.keys.filter { !order.contains($0) }.sorted()
        return (order + rest).compactMap { field in
            form.message(field).map { ["field": .string(field), "message": .string($0)] }
        }
    }

    // MARK: Fields

    private var cameraFields: [MustacheValue] {
        [
            text("name", required: true, longest: CameraFields.nameLength),
            text("location", required: true, longest: CameraFields.locationLength),
            text(
                "location_details",
                longest: CameraFields.detailsLength,
                hint: "Where exactly it hangs: the stand, the floor, the door."
            ),
            text("tags", longest: 1000, hint: "Words to find it by, separated by commas."),
        ]
    }

    private var streamFields: [MustacheValue] {
        var fields = [
            text(
                "url",
                required: true,
                longest: 2048,
                hint: "A user name and password in it are taken out and stored apart.",
                more: ["placeholder": "rtsp://192.0.2.10/stream1", "type": "url", "is_code": true]
            ),
            text("username", longest: CameraFields.usernameLength, more: ["is_code": true]),
            password,
        ]
        if form.camera?.hasPassword == true {
            fields.append(check("remove_password", "Remove the stored password", form.removesPassword))
        }
        fields.append(choice("transport", Transport.allCases, CameraForm.word))
        fields.append(choice("audio", AudioMode.allCases, CameraForm.word))
        return fields
    }

    private var recordingFields: [MustacheValue] {
        [
            number(
                "segment_seconds",
                CameraFields.segmentSeconds,
                unit: "seconds",
                hint: "From 2 to 300. Short ones reach the cloud sooner, long ones cost fewer requests."
            ),
            number("retention_days", CameraFields.retentionDays, unit: "days", hint: nil),
            check("is_active", CameraForm.label("is_active"), form.isActive),
        ]
    }

    private var password: MustacheValue {
        let hint =
            form.camera?.hasPassword == true && form.errors["password"] == nil
            ? "A password is stored and is never shown. Leave this empty to keep it."
            : "Stored encrypted and never shown again."
        let retype = form.errors.isEmpty && form.problem == nil ? "" : " If you typed a new one, type it again."
        return field(
            "password",
            [
                "is_text": true, "type": "password", "value": "", "is_optional": true, "autocomplete": "new-password",
                "maxlength": MustacheValue(CameraFields.passwordLength), "is_code": true,
            ],
            hint: hint + retype
        )
    }

    private func text(
        _ name: String,
        required: Bool = false,
        longest: Int,
        hint: String? = nil,
        more: [String: MustacheValue] = [:]
    ) -> MustacheValue {
        let own: [String: MustacheValue] = [
            "is_text": true, "is_required": .bool(required), "is_optional": .bool(!required),
            "maxlength": MustacheValue(longest),
            "value": .string(form.shown(name)),
        ]
        return field(name, own.merging(more) { _, more in more }, hint: hint)
    }

    private func number(_ name: String, _ range: ClosedRange<Int>, unit: String, hint: String?) -> MustacheValue {
        field(
            name,
            [
                "is_text": true, "is_short": true, "type": "number", "value": .string(form.texts[name] ?? ""),
                "minimum": MustacheValue(range.lowerBound), "maximum": MustacheValue(range.upperBound),
                "unit": .string(unit), "inputmode": "numeric",
            ],
            hint: hint
        )
    }

    private func choice<Word: RawRepresentable>(
        _ name: String,
        _ words: [Word],
        _ text: (Word) -> String
    ) -> MustacheValue where Word.RawValue == String {
        let choices = MustacheValue(words) { word in
            [
                "value": .string(word.rawValue), "word": .string(text(word)),
                "is_current": .bool(word.rawValue == form.texts[name]),
            ]
        }
        return field(name, ["is_choice": true, "is_short": true, "choices": choices], hint: nil)
    }

    private func check(_ name: String, _ label: String, _ isChecked: Bool) -> MustacheValue {
        field(name, ["is_check": true, "checked": .bool(isChecked), "label": .string(label)], hint: nil)
    }

    /// A field with every name the template asks for, so that none is looked up further out.
    private func field(_ name: String, _ own: [String: MustacheValue], hint: String?) -> MustacheValue {
        let error = form.message(name)
        let described = [error.map { _ in "\(name)-error" }, hint.map { _ in "\(name)-hint" }].compactMap { $0 }
        let all: [String: MustacheValue] = [
            "name": .string(name), "label": .string(CameraForm.label(name)), "error": MustacheValue(error),
            "hint": MustacheValue(hint), "describedby": .string(described.joined(separator: " ")),
            "is_text": false, "is_check": false, "is_choice": false, "is_short": false, "is_code": false,
            "is_required": false, "is_optional": false, "type": "text", "value": "", "autocomplete": "off",
            "autocapitalize": .string(["name", "location", "location_details"].contains(name) ? "sentences" : "none"),
            "placeholder": nil, "maxlength": nil, "minimum": nil, "maximum": nil, "inputmode": nil, "unit": nil,
            "checked": false, "choices": [],
        ]
        return .object(all.merging(own) { _, own in own })
    }
}
