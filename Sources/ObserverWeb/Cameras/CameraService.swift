import Crypto
import HTTPTypes
package import HTTPRouting
import ObserverConfiguration
package import ObserverCore
import ObserverMessages
package import ObserverStore
import Postgres

/// Operations on cameras, the same for API and forms.
///
/// A change is committed when a method returns; its recorder is notified after the commit.
package struct CameraService {
    private let context: WebContext
    private let store: CameraStore

    package init(_ context: WebContext) {
        self.context = context
        store = CameraStore(context.database)
    }

    /// Creates a camera.
    ///
    /// - Throws: `FieldErrors`, `PostgresError`, `CryptoError`.
    package func create(_ fields: [String: FieldValue], by actor: Actor) throws -> CameraListing {
        var changes = try CameraFields.create(
            fields,
            policy: context.configuration.networks,
            defaults: context.defaults
        )
        var id: CameraID?
        var sealed: [UInt8]?
        var addresses = SealedAddresses()
        if changes.password != .keep || AddressVault.isNeeded(changes.settings) {
            let reserved = try store.reserveID()
            id = reserved
            if case .set(let password) = changes.password { sealed = try seal(password, reserved) }
            addresses = try changes.sealAddresses(of: reserved, in: vault)
        }
        let listing = try changing { () throws(PostgresError) in
            try store.create(changes.settings, id: id, sealedPassword: sealed, sealedAddresses: addresses, by: actor)
        }
        context.announce(listing)
        return listing
    }

    /// Changes a camera.
    ///
    /// - Parameters:
    ///   - id: The camera.
    ///   - fields: The fields to change (RFC 7396).
    ///   - expected: The version that the change is based on; nil: any.
    ///   - actor: The originator.
    /// - Returns: The camera, and true if a field was different.
    /// - Throws: `FieldErrors`, `PostgresError`, `CryptoError`; `Problem` 404 and 412.
    package func patch(
        _ id: CameraID,
        _ fields: [String: FieldValue],
        expecting expected: Int64? = nil,
        by actor: Actor
    ) throws -> (CameraListing, isChanged: Bool) {
        let filled = try fillingMasks(in: fields, of: id)
        var changes = try CameraFields.patch(
            filled.fields,
            policy: context.configuration.networks,
            defaults: context.defaults
        )
        var checked = try versionThatKeepsPassword(id, changes) ?? filled.version
        if changes.setsAddress, let version = try dropSameAddresses(&changes, of: id) { checked = checked ?? version }
        let sealed: Change<[UInt8]> =
            switch changes.password {
            case .keep: .keep
            case .clear: .clear
            case .set(let password): .set(try seal(password, id))
            }
        let addresses = try vault.seal(&changes, of: id)
        let result = try finish(
            try changing { () throws(PostgresError) in
                try store.patch(
                    id,
                    changes,
                    sealedPassword: sealed,
                    sealedAddresses: addresses,
                    expecting: expected ?? checked,
                    by: actor
                )
            }
        )
        // Days that were raised count for what is not yet decided.
        if changes[\.retentionDays] != nil || changes[\.tags] != nil {
            try RetentionStatusStore(context.database).askForPlan()
        }
        return result
    }

    /// The version over which a new address can be saved with the stored password; nil: any.
    ///
    /// A password is write-only. Redirecting a camera to another server while keeping its password would disclose it.
    private func versionThatKeepsPassword(_ id: CameraID, _ changes: CameraChanges) throws -> Int64? {
        guard changes.password == .keep, changes.setsAddress else { return nil }
        let camera = try get(id).camera
        guard !camera.hasPassword || !changes.leadsElsewhere(than: camera) else {
            throw FieldErrors(["password": "must be given again, because the address leads to another server"])
        }
        return camera.version
    }

    /// Turns recording on or off; idempotent.
    package func setActive(
        _ id: CameraID,
        _ isActive: Bool,
        expecting expected: Int64? = nil,
        by actor: Actor
    ) throws -> CameraListing {
        let result = try changing { () throws(PostgresError) in
            try store.setActive(id, isActive, expecting: expected, by: actor)
        }
        return try finish(result).0
    }

    /// Asks the camera's recorder to connect now instead of later.
    ///
    /// - Throws: `PostgresError`; `Problem` 404, and 409 for a camera that is off.
    package func retry(_ id: CameraID) throws -> CameraListing {
        let listing = try get(id)
        guard listing.camera.isActive else {
            throw Problem(409, "The camera is switched off; switch it on and it is connected at once.")
        }
        context.wish(.connect, listing)
        return listing
    }

    /// Deletes a camera; its recordings follow their retention, or go with it, all but those that are held.
    package func delete(
        _ id: CameraID,
        withRecordings: Bool = false,
        expecting expected: Int64? = nil,
        by actor: Actor
    ) throws {
        let result = try changing { () throws(PostgresError) in
            try store.delete(id, withRecordings: withRecordings, expecting: expected, by: actor)
        }
        _ = try finish(result)
        if withRecordings { try RetentionStatusStore(context.database).askForPlan() }
    }

    /// A camera.
    ///
    /// - Throws: `PostgresError`, `Problem` 404.
    package func get(_ id: CameraID) throws -> CameraListing {
        guard let listing = try store.get(id) else { throw Self.notFound }
        return listing
    }

    package static var notFound: Problem { Problem(404, "There is no such camera.") }

    /// Performs a change, after which nobody is shown a list from before it; one that failed may have taken place.
    private func changing<Result>(_ body: () throws(PostgresError) -> Result) throws(PostgresError) -> Result {
        defer { context.cameraPages.forget() }
        return try body()
    }

    private func finish(_ result: CameraStore.ChangeResult) throws(Problem) -> (CameraListing, isChanged: Bool) {
        switch result {
        case .done(let listing, let isChanged):
            if isChanged { context.announce(listing) }
            return (listing, isChanged)
        case .conflict:
            throw Problem(
                412,
                "It was changed by someone else in the meantime; read it again and repeat the change."
            )
        case .notFound:
            throw Self.notFound
        }
    }

    var vault: AddressVault { AddressVault(context.configuration.sealingKey) }

    private func seal(_ password: String, _ id: CameraID) throws(CryptoError) -> [UInt8] {
        try context.configuration.sealingKey.seal(Array(password.utf8), for: "camera:\(id):password")
    }
}
