package import HTTPRouting
package import ObserverCore

/// The form that adds or edits a camera: what was typed, and what is wrong with it.
///
/// The rules are those of the API (``CameraFields``); here, texts of a form become the values they are held against.
package struct CameraForm: Hashable, Sendable {
    /// The camera that is edited; nil: one is added.
    package let camera: Camera?
    /// The version the person saw.
    package private(set) var version: Int64?
    /// What the fields show; the password is never among them.
    private(set) var texts: [String: String]
    package private(set) var isActive: Bool
    private(set) var removesPassword = false
    /// What is wrong, by field.
    package private(set) var errors: [String: String] = [:]
    /// What is wrong with the whole.
    package private(set) var problem: String?
    private let password: String

    static let textFields = [
        "name", "location", "location_details", "url", "username", "transport", "audio", "segment_seconds",
        "retention_days", "tags",
    ]

    /// An empty form, with the length of segments that new cameras get.
    package init(segmentSeconds: Int) {
        let defaults = CameraFields.defaults
        camera = nil
        version = nil
        password = ""
        isActive = true
        texts = [
            "transport": defaults.transport.rawValue, "audio": defaults.audio.rawValue,
            "segment_seconds": String(segmentSeconds), "retention_days": String(defaults.retentionDays),
        ]
    }

    /// The form of a camera.
    package init(editing camera: Camera) {
        self.camera = camera
        version = camera.version
        password = ""
        isActive = camera.isActive
        texts = [
            "name": camera.name, "location": camera.location, "location_details": camera.locationDetails ?? "",
            "url": camera.url, "username": camera.username ?? "", "transport": camera.transport.rawValue,
            "audio": camera.audio.rawValue, "segment_seconds": String(camera.segmentSeconds),
            "retention_days": String(camera.retentionDays), "tags": camera.tags.joined(separator: ", "),
        ]
    }

    /// What came back of a form.
    ///
    /// - Parameters:
    ///   - fields: The body.
    ///   - camera: The camera that is edited; nil: one is added.
    package init(posted fields: FormFields, editing camera: Camera?) {
        self.camera = camera
        version = fields["version"].flatMap { Int64($0) }
        password = fields["password"] ?? ""
        isActive = fields["is_active"] == "true"
        removesPassword = fields["remove_password"] == "true"
        // No browser sends these; whoever does must not switch a camera off or overwrite a change by it.
        for name in ["is_active", "remove_password"] where !["true", nil].contains(fields[name]) {
            errors[name] = "must be true, or not be sent"
        }
        if fields["version"] != nil, version == nil { errors["version"] = "must be a whole number" }
        texts = [:]
        for name in Self.textFields {
            texts[name] = fields[name]
        }
    }

    /// The same form with what else is wrong.
    func with(errors: [String: String]) -> CameraForm {
        var form = self
        form.errors.merge(errors) { found, _ in found }
        return form
    }

    /// The same form with what is wrong with the whole of it, and the version to save it over.
    func with(version: Int64, problem: String) -> CameraForm {
        var form = self
        form.version = version
        form.problem = problem
        return form
    }

    // MARK: Values

    /// The texts as values: a field that was not sent is not there, an empty one that may be empty is cleared.
    var values: [String: FieldValue] {
        var values: [String: FieldValue] = ["is_active": .bool(isActive)]
        for (name, text) in texts {
            switch name {
            case "segment_seconds", "retention_days":
                values[name] = Int64(text.filter { $0 != " " }).map(FieldValue.integer) ?? .string(text)
            case "tags":
                let tags = text.split(separator: ",").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
                values[name] = .list(tags.map { .string(String($0)) })
            case "username" where text.isEmpty && urlHasUserInformation:
                // The user name is the one in the address.
                continue
            default:
                values[name] = .string(text)
            }
        }
        if !password.isEmpty {
            values["password"] = .string(password)
        } else if removesPassword {
            values["password"] = .null
        }
        return values
    }

    private var urlHasUserInformation: Bool { Self.hidingUserInformation(texts["url"] ?? "") != texts["url"] ?? "" }

    /// An address as it may be shown again: without what stands before the @, in which a password may be.
    static func hidingUserInformation(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else {
            return url.contains("@") ? "" : url
        }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        if let mark = rest[..<end].lastIndex(of: "@") {
            return url[..<scheme.upperBound] + String(rest[rest.index(after: mark)...])
        }
        // A password with a slash in it: the address is wrong, and all of it up to the @ may be secret.
        guard let mark = rest.lastIndex(of: "@") else { return url }
        return url[..<scheme.upperBound] + String(rest[rest.index(after: mark)...])
    }

    /// What a field shows: never a password, and the user name of an address in its own field.
    func shown(_ field: String) -> String {
        let text = texts[field] ?? ""
        switch field {
        case "url": return Self.hidingUserInformation(text)
        case "username" where text.isEmpty:
            // An address that can't be read has no user name to show.
            return (try? CameraURL.parse(texts["url"] ?? ""))?.username ?? ""
        default: return text
        }
    }

    // MARK: Words

    static func word(_ transport: Transport) -> String {
        switch transport {
        case .tcp: "TCP"
        case .udp: "UDP"
        case .auto: "TCP, then UDP"
        }
    }

    static func word(_ audio: AudioMode) -> String {
        switch audio {
        case .off: "Not recorded"
        case .copy: "Recorded as it comes"
        }
    }

    static func label(_ field: String) -> String {
        switch field {
        case "name": "Name"
        case "location": "Location"
        case "location_details": "Details"
        case "tags": "Tags"
        case "url": "Address"
        case "username": "User name"
        case "password": "Password"
        case "transport": "RTSP transport"
        case "audio": "Audio"
        case "segment_seconds": "Segment length"
        case "retention_days": "Keep recordings for"
        case "is_active": "Record this camera"
        case "remove_password": "Remove the password"
        case "version": "The form"
        default: field
        }
    }

    /// An error as a sentence: of the rule's "is empty" it makes "Address is empty".
    func message(_ field: String) -> String? {
        errors[field].map { text in
            let subject = field == "retention_days" ? "The number of days" : Self.label(field)
            return StateView.sentence("\(subject) \(text)")
        }
    }
}
