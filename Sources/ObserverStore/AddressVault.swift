package import Crypto
import Encodings
package import ObserverCore
import Postgres

/// Seals the addresses of cameras that have secrets in them, and opens them again.
///
/// The shown part of an address (``ShownAddress``) stands in clear beside it; an address without a secret is stored as it is.
package struct AddressVault: Sendable {
    private let key: SealingKey

    package init(_ key: SealingKey) {
        self.key = key
    }

    /// Indicates that an address of the settings has to be sealed, for which the number of the camera is needed.
    package static func isNeeded(_ settings: CameraSettings) -> Bool {
        [settings.url, settings.subURL ?? ""].contains { ShownAddress($0).hidesSecrets }
    }

    /// Seals the addresses of settings, and leaves what may be shown in their places.
    package func seal(_ settings: inout CameraSettings, of id: CameraID) throws(CryptoError) -> SealedAddresses {
        var sealed = SealedAddresses()
        (settings.url, sealed.url) = try seal(settings.url, place: Self.place(id, "url"))
        if let subURL = settings.subURL {
            (settings.subURL, sealed.subURL) = try seal(subURL, place: Self.place(id, "sub_url"))
        }
        return sealed
    }

    /// Seals the addresses that a change sets, and leaves what may be shown in their places.
    package func seal(_ changes: inout CameraChanges, of id: CameraID) throws(CryptoError) -> SealedAddresses {
        var sealed = SealedAddresses()
        if let url = changes[\.url] {
            let (shown, bytes) = try seal(url, place: Self.place(id, "url"))
            (changes[\.url], sealed.url) = (shown, bytes)
        }
        if case .some(.some(let subURL)) = changes[\.subURL] {
            let (shown, bytes) = try seal(subURL, place: Self.place(id, "sub_url"))
            (changes[\.subURL], sealed.subURL) = (.some(shown), bytes)
        }
        return sealed
    }

    /// The camera with its whole addresses, for those who may see them and for its recorder.
    package func open(_ camera: Camera) throws(CryptoError) -> Camera {
        var camera = camera
        if let sealed = camera.sealedAddresses.url {
            camera.settings.url = try open(sealed, Self.place(camera.id, "url"))
        }
        if let sealed = camera.sealedAddresses.subURL {
            camera.settings.subURL = try open(sealed, Self.place(camera.id, "sub_url"))
        }
        return camera
    }

    /// The whole address of a row.
    package func open(url sealed: [UInt8], of id: CameraID) throws(CryptoError) -> String {
        try open(sealed, Self.place(id, "url"))
    }

    /// The whole second address of a row.
    package func open(subURL sealed: [UInt8], of id: CameraID) throws(CryptoError) -> String {
        try open(sealed, Self.place(id, "sub_url"))
    }

    private func seal(_ address: String, place: String) throws(CryptoError) -> (String, [UInt8]?) {
        let shown = ShownAddress(address)
        guard shown.text != address else { return (address, nil) }
        return (shown.text, try key.seal(Array(address.utf8), for: place))
    }

    private func open(_ sealed: [UInt8], _ place: String) throws(CryptoError) -> String {
        String(decoding: try key.open(sealed, for: place), as: UTF8.self)
    }

    private static func place(_ id: CameraID, _ column: String) -> String { "camera:\(id):\(column)" }
}

extension CameraStore {
    /// Seals the addresses of a release that kept them in clear, a page of cameras at a time.
    ///
    /// The version of a camera stays: its recorder goes on.
    ///
    /// - Returns: How many cameras had a secret in clear.
    /// - Throws: `PostgresError`, `CryptoError`.
    package func sealPlainAddresses(_ vault: AddressVault) throws -> Int {
        var count = 0
        var after: Int64 = 0
        while true {
            let page: SQL = """
                select id, url, sub_url, url_sealed, sub_url_sealed from cameras where id > \(after) order by id limit 500
                """
            let rows = try connection.query(page) { row throws(PostgresError) in
                (
                    id: try row.next(CameraID.self), url: try row.next(String.self), subURL: try row.next(String?.self),
                    sealed: SealedAddresses(url: try row.next(), subURL: try row.next())
                )
            }
            guard let last = rows.last else { return count }
            after = last.id.rawValue
            for row in rows {
                var plain = CameraSettings()
                (plain.url, plain.subURL) = (row.url, row.subURL)
                var shown = plain
                let sealed = try vault.seal(&shown, of: row.id)
                // One that is sealed has `***` in it at most, which is sealed no second time.
                guard shown.url != plain.url || shown.subURL != plain.subURL else { continue }
                let statement: SQL = """
                    update cameras set url = \(shown.url), url_sealed = coalesce(\(sealed.url), url_sealed),
                        sub_url = \(shown.subURL), sub_url_sealed = coalesce(\(sealed.subURL), sub_url_sealed)
                    where id = \(row.id) and url = \(row.url) and sub_url is not distinct from \(row.subURL)
                    """
                count += Int(try connection.execute(statement))
            }
        }
    }
}
