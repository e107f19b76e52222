import Crypto
import Encodings
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres

/// The addresses of cameras as the one who asks may see them: whole for operators, without secrets for viewers.
struct AddressView {
    private let vault: AddressVault?
    private let logger: Logger

    init(_ request: WebRequest) {
        let isAllowed = request.identity.map { $0.role >= .operator } ?? false
        vault = isAllowed ? AddressVault(request.context.configuration.sealingKey) : nil
        logger = request.context.logger
    }

    /// The camera as it may be seen.
    func shown(_ camera: Camera) -> Camera {
        guard let vault else {
            // A row of a release before can still be in clear.
            var camera = camera
            camera.settings.url = ShownAddress(camera.url).text
            camera.settings.subURL = camera.subURL.map { ShownAddress($0).text }
            return camera
        }
        do throws(CryptoError) {
            return try vault.open(camera)
        } catch {
            note(error, of: camera.id)
            return camera
        }
    }

    /// The camera with what is known of it, as it may be seen.
    func shown(_ listing: CameraListing) -> CameraListing {
        var listing = listing
        listing.camera = shown(listing.camera)
        return listing
    }

    /// Writes an address of a row.
    func write(
        _ column: CameraColumn,
        of row: borrowing PostgresRow,
        as key: StaticString,
        to json: inout JSONWriter
    ) throws(PostgresError) {
        let sealed: CameraColumn = column == .url ? .sealedURL : .sealedSubURL
        if let vault, !row.isNull(at: sealed.rawValue) {
            let id = try row.value(at: CameraColumn.id.rawValue, as: CameraID.self)
            let bytes = try row.value(at: sealed.rawValue, as: [UInt8].self)
            do throws(CryptoError) {
                let whole = column == .url ? try vault.open(url: bytes, of: id) : try vault.open(subURL: bytes, of: id)
                return json.field(key, whole)
            } catch {
                note(error, of: id)
            }
        }
        let masksPlain = vault == nil
        try row.withText(at: column.rawValue) { bytes in
            if masksPlain, let bytes, ShownAddress.mayHide(bytes) {
                json.field(key, ShownAddress(String(decoding: bytes, as: UTF8.self)).text)
            } else {
                json.field(key, utf8: bytes)
            }
        }
    }

    private func note(_ error: CryptoError, of id: CameraID) {
        logger.error(
            "Camera address not decrypted; wrong OBSERVER_KEY?",
            [.cameraID: .int(Int(id.rawValue)), .error: LogValue(error)]
        )
    }
}
