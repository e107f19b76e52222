import Encodings
import ObserverCore
import ObserverStore
import Crypto

/// Addresses that were shown without their secrets and come back.
extension CameraService {
    /// Puts the stored secrets in the places of `***`, where the address leads to the same server.
    ///
    /// - Returns: The fields, and the version that they are based on; nil where nothing was put in.
    func fillingMasks(
        in fields: [String: FieldValue],
        of id: CameraID
    ) throws -> (fields: [String: FieldValue], version: Int64?) {
        var fields = fields
        var version: Int64?
        for field in CameraField.all where field.isAddress {
            guard case .string(let text)? = fields[field.name], ShownAddress(text).lacksSecrets else { continue }
            let camera = try vault.open(try get(id).camera)
            guard case .string(let stored) = field.value(of: camera) else { continue }
            guard let (new, old) = try? (CameraURL.parse(text.trimmed), CameraURL.parse(stored)) else { continue }
            guard new.isSameServer(as: old) else {
                throw FieldErrors([
                    field.name: "leads to another server; write its secret again in the place of \(ShownAddress.mask)"
                ])
            }
            // Without a value to put in, the rule for the field says what is missing.
            guard let whole = ShownAddress(new.text).filled(from: ShownAddress(stored)) else { continue }
            let login = ShownAddress(text).userInformation.map { "\($0)@" } ?? ""
            fields[field.name] = .string(whole.replacing("://", with: "://\(login)", maxReplacements: 1))
            version = camera.version
        }
        return (fields, version)
    }

    /// Leaves addresses out of a change that are what is stored: sealing makes other bytes of them each time.
    ///
    /// - Returns: The version that this is based on; nil where nothing was left out.
    func dropSameAddresses(_ changes: inout CameraChanges, of id: CameraID) throws -> Int64? {
        let listing = try get(id)
        guard listing.camera.sealedAddresses != SealedAddresses() else { return nil }
        let camera = try vault.open(listing.camera)
        var isDropped = false
        if changes[\.url] == camera.url {
            changes[\.url] = nil
            isDropped = true
        }
        if changes.sets(\.subURL), changes.settings.subURL == camera.subURL {
            changes[\.subURL] = nil
            isDropped = true
        }
        return isDropped ? camera.version : nil
    }
}

extension CameraChanges {
    /// Seals the addresses of a new camera.
    mutating func sealAddresses(of id: CameraID, in vault: AddressVault) throws -> SealedAddresses {
        try vault.seal(&self, of: id)
    }
}
