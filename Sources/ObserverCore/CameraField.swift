/// One field of a camera, as the API, the form, the OpenAPI document and the database know it.
///
/// The table of them is ``all`` in CameraSettings.swift: it holds every rule, label and limit, so that each is told once.
package struct CameraField: Sendable {
    /// The content of a field, with its limits.
    package enum Kind: Hashable, Sendable {
        /// A line of prose, trimmed at both ends.
        case text(longest: Int)
        /// A line that is typed exactly, such as a user name; trimmed at both ends.
        case code(longest: Int)
        /// The URL of a stream (``CameraURL``).
        case url(credentials: Credentials)
        /// A line that is never shown again, taken as typed.
        case password(longest: Int)
        case truth
        case integer(ClosedRange<Int>, unit: String?)
        case choice([Choice])
        /// The certificates that are good enough, in a word or with the SHA-256 of one.
        case certificates
        case tags(most: Int, longest: Int)
        /// A number that Observer gives out.
        case number
        /// A time that Observer notes.
        case time
        /// The present state of the camera.
        case status
    }

    /// A user name and a password inside a URL.
    package enum Credentials: Hashable, Sendable {
        /// Taken out and stored as `username` and `password`.
        case split
        /// Refused: those of the main address apply.
        case refused
    }

    /// One word of a field that has a few, and its label.
    package struct Choice: Hashable, Sendable {
        package let word: String
        package let label: String
    }

    /// A section of the form.
    package enum Group: String, CaseIterable, Sendable {
        case camera = "Camera"
        case stream = "Stream"
        case recording = "Recording"
    }

    /// The meaning of JSON's `null`, and of an empty input of the form.
    package enum Null: Sendable {
        case refused
        /// The field has no value.
        case clears
        /// The field gets its default.
        case resets
    }

    /// Where the value is.
    private enum Storage: Sendable {
        case member(
            get: @Sendable (CameraSettings) -> FieldValue,
            isSet: @Sendable (CameraChanges) -> Bool,
            set: @Sendable (FieldValue, inout CameraChanges) -> Void
        )
        case sealedPassword
        case derived(@Sendable (Camera) -> FieldValue)
        case elsewhere
    }

    /// The name in JSON and in forms, without the cost of a `String`.
    package let key: StaticString
    /// The column of the table cameras; nil when it has none.
    package let column: String?
    package let kind: Kind
    /// Where the form has it; nil when it cannot be written.
    package let group: Group?
    package let isRequired: Bool
    package let null: Null
    package let label: String
    package let hint: String?
    /// Shown in the empty input.
    package let example: String?
    private let storage: Storage

    /// The name in JSON and in forms.
    package var name: String { key.description }

    /// A field that people write and that is a member of ``CameraSettings``.
    init<Member: CameraMember>(
        _ key: StaticString,
        member: any WritableKeyPath<CameraSettings, Member> & Sendable,
        kind: Kind,
        group: Group,
        isRequired: Bool = false,
        acceptsNull: Bool = true,
        label: String,
        hint: String? = nil,
        example: String? = nil
    ) {
        self.key = key
        column = key.description
        self.kind = kind
        self.group = group
        self.isRequired = isRequired
        null = isRequired || !acceptsNull ? .refused : Member.isOptional ? .clears : .resets
        self.label = label
        self.hint = hint
        self.example = example
        storage = .member(
            get: { $0[keyPath: member].fieldValue },
            isSet: { $0.sets(member) },
            set: { value, changes in
                if let value = Member(value) { changes[member] = value }
            }
        )
    }

    /// A field that people write and never read.
    init(_ key: StaticString, column: String, kind: Kind, group: Group, label: String, hint: String) {
        self.key = key
        self.column = column
        self.kind = kind
        self.group = group
        isRequired = false
        null = .clears
        self.label = label
        self.hint = hint
        example = nil
        storage = .sealedPassword
    }

    /// A field that people read and never write, with a column of its name.
    init(_ key: StaticString, kind: Kind, label: String, get: @escaping @Sendable (Camera) -> FieldValue) {
        self.init(key, column: key.description, kind: kind, label: label, storage: .derived(get))
    }

    /// A field that people read and never write, and that is not in the table cameras.
    init(_ key: StaticString, column: String?, kind: Kind, label: String) {
        self.init(key, column: column, kind: kind, label: label, storage: .elsewhere)
    }

    private init(_ key: StaticString, column: String?, kind: Kind, label: String, storage: Storage) {
        self.key = key
        self.column = column
        self.kind = kind
        group = nil
        isRequired = false
        null = .refused
        self.label = label
        hint = nil
        example = nil
        self.storage = storage
    }
}

extension CameraField {
    /// Indicates that people can write the field.
    package var isWritable: Bool { group != nil }

    /// Indicates that the field is shown to people who may see the camera.
    package var isReadable: Bool {
        if case .sealedPassword = storage { false } else { true }
    }

    /// The field of a name; nil when there is none.
    package static func named(_ name: String) -> CameraField? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// Indicates that the field holds the URL of a stream.
    package var isAddress: Bool {
        if case .url = kind { true } else { false }
    }

    /// Indicates that the field is taken as typed, stored encrypted and never shown.
    package var isPassword: Bool {
        if case .password = kind { true } else { false }
    }

    static let addresses = all.filter(\.isAddress)

    /// The fields of a section of the form, in its order.
    package static func fields(of group: Group) -> [CameraField] { all.filter { $0.group == group } }

    /// The value in settings; null for a field that is no member of them.
    package func value(in settings: CameraSettings) -> FieldValue {
        if case .member(let get, _, _) = storage { get(settings) } else { .null }
    }

    /// The value of a camera; null for the password and for the status.
    package func value(of camera: Camera) -> FieldValue {
        switch storage {
        case .member(let get, _, _): get(camera.settings)
        case .derived(let get): get(camera)
        case .sealedPassword, .elsewhere: .null
        }
    }

    /// The new value of the field; nil when it stays.
    func newValue(in changes: CameraChanges) -> FieldValue? {
        guard case .member(let get, let isSet, _) = storage, isSet(changes) else { return nil }
        return get(changes.settings)
    }

    /// Sets a value that was checked.
    func set(_ value: FieldValue, in changes: inout CameraChanges) {
        switch storage {
        case .member(_, _, let set): set(value, &changes)
        case .sealedPassword:
            if case .string(let password) = value {
                changes.password = .set(password)
            } else {
                changes.password = .clear
            }
        case .derived, .elsewhere: break
        }
    }
}
