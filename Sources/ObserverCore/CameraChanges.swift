/// The change of a value that can be without one.
package enum Change<Value: Hashable & Sendable>: Hashable, Sendable {
    case keep
    case clear
    case set(Value)
}

/// Checked values for some fields of a camera; the other fields stay as they are.
package struct CameraChanges: Hashable {
    /// The new values.
    ///
    /// Members that stay have no meaning here, except for a new camera, which gets all of them.
    package private(set) var settings: CameraSettings
    package var password: Change<String> = .keep
    private var members: Set<PartialKeyPath<CameraSettings>> = []

    package init(_ settings: CameraSettings = CameraSettings()) {
        self.settings = settings
    }

    /// The new value of a member; nil when it stays.
    package subscript<Member>(_ member: WritableKeyPath<CameraSettings, Member>) -> Member? {
        get { members.contains(member) ? settings[keyPath: member] : nil }
        set {
            guard let newValue else { return _ = members.remove(member) }
            members.insert(member)
            settings[keyPath: member] = newValue
        }
    }

    /// Returns true if the member changes, be it to no value.
    package func sets(_ member: PartialKeyPath<CameraSettings>) -> Bool { members.contains(member) }
}

extension CameraChanges {
    /// Indicates that an address changes to another one.
    package var setsAddress: Bool { !newAddresses.isEmpty }

    /// Returns true if an address of the change leads to a server that none of the camera's addresses leads to.
    package func leadsElsewhere(than camera: Camera) -> Bool {
        let present = CameraField.addresses.compactMap { CameraURL($0.value(of: camera)) }
        return newAddresses.contains { new in !present.contains { new.isSameServer(as: $0) } }
    }

    private var newAddresses: [CameraURL] {
        CameraField.addresses.compactMap { $0.newValue(in: self).flatMap { CameraURL($0) } }
    }
}

extension CameraURL {
    /// Takes a stored address; nil for no value.
    fileprivate init?(_ value: FieldValue) {
        guard case .string(let text) = value, let url = try? CameraURL.parse(text) else { return nil }
        self = url
    }
}
