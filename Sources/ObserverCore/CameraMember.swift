/// The type of a member of ``CameraSettings``.
protocol CameraMember: Hashable, Sendable {
    /// Indicates that the member can be without a value.
    static var isOptional: Bool { get }
    /// Takes a value that was checked; nil when it is of another type.
    init?(_ value: FieldValue)
    var fieldValue: FieldValue { get }
}

extension CameraMember {
    static var isOptional: Bool { false }
}

extension String: CameraMember {
    init?(_ value: FieldValue) {
        guard case .string(let text) = value else { return nil }
        self = text
    }

    var fieldValue: FieldValue { .string(self) }
}

extension String?: CameraMember {
    static var isOptional: Bool { true }

    init?(_ value: FieldValue) {
        switch value {
        case .null: self = .none
        case .string(let text): self = .some(text)
        default: return nil
        }
    }

    var fieldValue: FieldValue { map(FieldValue.string) ?? .null }
}

extension Bool: CameraMember {
    init?(_ value: FieldValue) {
        guard case .bool(let truth) = value else { return nil }
        self = truth
    }

    var fieldValue: FieldValue { .bool(self) }
}

extension Int: CameraMember {
    init?(_ value: FieldValue) {
        guard case .integer(let number) = value else { return nil }
        self.init(exactly: number)
    }

    var fieldValue: FieldValue { .integer(Int64(self)) }
}

extension [String]: CameraMember {
    init?(_ value: FieldValue) {
        guard case .list(let items) = value else { return nil }
        self = items.compactMap { String($0) }
    }

    var fieldValue: FieldValue { .list(map(FieldValue.string)) }
}

/// A member that is one of a few words.
protocol CameraChoice: CameraMember, RawRepresentable<String>, CaseIterable {
    var label: String { get }
}

extension CameraChoice {
    static var choices: [CameraField.Choice] { allCases.map { .init(word: $0.rawValue, label: $0.label) } }

    init?(_ value: FieldValue) {
        guard case .string(let word) = value else { return nil }
        self.init(rawValue: word)
    }

    var fieldValue: FieldValue { .string(rawValue) }
}
