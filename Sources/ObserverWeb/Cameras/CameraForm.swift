import Encodings
package import HTTPRouting
package import ObserverCore

/// The form that adds or edits a camera: the typed texts and the errors.
///
/// The rules are those of the API (``CameraFields``); here, the texts of a form become the values that they check.
package struct CameraForm: Hashable, Sendable {
    /// The camera that is edited; nil: one is added.
    package let camera: Camera?
    /// The version the person saw.
    package private(set) var version: Int64?
    /// The values of the inputs, by field, except the password; a box that is ticked holds `true`.
    private(set) var texts: [String: String]
    private(set) var removesPassword = false
    /// The errors, by field.
    package private(set) var errors: [String: String] = [:]
    /// The error of the form as a whole.
    package private(set) var problem: String?
    private let password: String

    /// An empty form.
    ///
    /// - Parameter defaults: The values of a new camera; its switch is on, because people add a camera to record it.
    package init(defaults: CameraSettings) {
        var settings = defaults
        settings.isActive = true
        self.init(camera: nil, texts: Self.texts(of: settings))
    }

    /// The form of a camera.
    package init(editing camera: Camera) {
        self.init(camera: camera, texts: Self.texts(of: camera.settings), version: camera.version)
    }

    /// A form that was sent.
    ///
    /// - Parameters:
    ///   - fields: The body.
    ///   - camera: The camera that is edited; nil: one is added.
    package init(posted fields: FormFields, editing camera: Camera?) {
        var texts: [String: String] = [:]
        for field in CameraField.all where field.isWritable && !field.isPassword {
            texts[field.name] = fields[field.name]
        }
        self.init(
            camera: camera,
            texts: texts,
            version: fields["version"].flatMap { Int64($0) },
            password: fields["password"] ?? ""
        )
        removesPassword = fields["remove_password"] == "true"
        // No browser sends these: they must neither switch a camera off nor overwrite a change.
        let boxes = CameraField.all.filter { $0.kind == .truth }.map(\.name) + ["remove_password"]
        for name in boxes where !["true", nil].contains(fields[name]) {
            errors[name] = "must be true, or not be sent"
        }
        if fields["version"] != nil, version == nil { errors["version"] = "must be a whole number" }
    }

    private init(camera: Camera?, texts: [String: String], version: Int64? = nil, password: String = "") {
        self.camera = camera
        self.texts = texts
        self.version = version
        self.password = password
    }

    /// The same form with more errors.
    func with(errors: [String: String]) -> CameraForm {
        var form = self
        form.errors.merge(errors) { found, _ in found }
        return form
    }

    /// The same form with an error of the whole, and the version to save it over.
    func with(version: Int64, problem: String) -> CameraForm {
        var form = self
        form.version = version
        form.problem = problem
        return form
    }

    // MARK: Values

    /// The texts as values: a field that was not sent is missing, an empty one that can be empty is cleared.
    var values: [String: FieldValue] {
        var values: [String: FieldValue] = [:]
        for field in CameraField.all where field.isWritable {
            values[field.name] = value(of: field)
        }
        return values
    }

    private func value(of field: CameraField) -> FieldValue? {
        let text = texts[field.name]
        switch field.kind {
        case .truth: return .bool(text == "true")
        case .password: return password.isEmpty ? (removesPassword ? .null : nil) : .string(password)
        case .integer:
            return text.map { text in Int64(text.filter { $0 != " " }).map(FieldValue.integer) ?? .string(text) }
        case .tags:
            return text.map { text in
                let tags = text.split(separator: ",").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
                return .list(tags.map { .string(String($0)) })
            }
        default:
            // The user name is the one in the address.
            if field.name == "username", text?.isEmpty == true, urlHasUserInformation { return nil }
            return text.map { .string($0) }
        }
    }

    private var urlHasUserInformation: Bool { ShownAddress(texts["url"] ?? "").userInformation != nil }

    // MARK: Texts

    private static func texts(of settings: CameraSettings) -> [String: String] {
        var texts: [String: String] = [:]
        for field in CameraField.all where field.isWritable && !field.isPassword {
            texts[field.name] = text(of: field.value(in: settings))
        }
        return texts
    }

    private static func text(of value: FieldValue) -> String {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let truth): truth ? "true" : ""
        case .list(let items): items.map(text).joined(separator: ", ")
        case .null, .object: ""
        }
    }

    /// The text of an input: never a password, and the user name of an address in its own field.
    func shown(_ field: CameraField) -> String {
        let text = texts[field.name] ?? ""
        if case .url = field.kind { return ShownAddress(text).withoutUser }
        guard field.name == "username", text.isEmpty else { return text }
        // An address that can't be read has no user name to show.
        return (try? CameraURL.parse(texts["url"] ?? ""))?.username ?? ""
    }

    /// An error as a sentence, such as "Address is empty" for the rule's "is empty".
    func message(_ name: String) -> String? {
        errors[name].map { StateView.sentence("\(Self.label(name)) \($0)") }
    }

    private static func label(_ name: String) -> String {
        switch name {
        case "remove_password": "Remove the password"
        case "version": "The form"
        default: CameraField.named(name)?.label ?? name
        }
    }
}
