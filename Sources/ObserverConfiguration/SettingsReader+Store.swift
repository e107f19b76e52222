import Glibc
import ObserverCore
import S3

/// The settings of the store.
extension SettingsReader {
    /// The server of the store; nil for AWS itself.
    mutating func endpoint(_ setting: Setting = .endpoint) -> S3Endpoint? {
        guard let text = value(setting) else { return nil }
        do {
            return try S3Endpoint(text)
        } catch {
            reject(text, for: setting)
            return nil
        }
    }

    mutating func bucket(_ setting: Setting) -> String {
        let bucket = text(setting)
        if !bucket.isEmpty, !Self.isName(bucket, lengths: 3...63) { reject(bucket, for: setting) }
        return bucket
    }

    mutating func addressing(_ setting: Setting, at endpoint: S3Endpoint?) -> S3Addressing? {
        let addressing = word(setting, as: S3Addressing.self)
        if addressing == .host, let endpoint, IPAddress(endpoint.host) != nil {
            reject("host", for: setting, because: "the store is set by its address, below which there are no names")
        }
        return addressing
    }

    mutating func s3(at endpoint: S3Endpoint?) -> S3Configuration? {
        let before = problems.count
        let bucket = bucket(.bucket)
        let region = text(.region)
        let credentials = credentials(region: region)
        let addressing = addressing(.addressing, at: endpoint)
        let options = options()
        guard problems.count == before, let credentials else { return nil }
        var configuration = S3Configuration(
            endpoint: endpoint,
            region: region,
            bucket: bucket,
            addressing: addressing,
            credentials: credentials
        )
        configuration.options = options
        return configuration
    }

    /// The file of the authorities that may vouch for the store; nil for the system's.
    mutating func certificates(_ setting: Setting = .certificates) -> String? {
        let path = path(setting)
        if path.hasPrefix("/"), access(path, R_OK) != 0 {
            reject(path, for: setting, because: "it cannot be read")
        }
        return path.isEmpty ? nil : path
    }

    /// The beginning of every object key.
    mutating func prefix() -> String {
        let text = text(.prefix)
        if !ObjectKey.isSafe(text) || text.utf8.count > 128 { reject(text, for: .prefix) }
        return text
    }

    // MARK: Options

    private mutating func options() -> S3Options {
        var options = S3Options()
        options.encryption = encryption()
        options.storageClass = storageClass()
        options.tags = tags()
        options.bucketOwner = value(.bucketOwner)
        if let owner = options.bucketOwner, owner.utf8.count != 12 || !owner.utf8.allSatisfy({ (48...57).contains($0) })
        {
            reject(owner, for: .bucketOwner)
        }
        options.isRequesterPaying = word(.requesterPays, as: Answer.self) == .yes
        return options
    }

    private enum Answer: String {
        case no = "0"
        case yes = "1"
    }

    private enum EncryptionKind: String {
        case storeKey = "AES256"
        case kms = "aws:kms"
    }

    private mutating func encryption() -> S3Options.Encryption? {
        let key = value(.encryptionKey)
        let kind = word(.encryption, as: EncryptionKind.self)
        if let key {
            let isPlain = key.utf8.count <= 2048 && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            if !isPlain || (kind != .kms && given(.encryption) != nil) {
                reject(key, for: .encryptionKey)
            } else if kind != .kms {
                reject(key, for: .encryptionKey, because: "OBSERVER_S3_ENCRYPTION is not set")
            }
        }
        return switch kind {
        case .storeKey: .storeKey
        case .kms: .kms(key: key)
        case nil: nil
        }
    }

    private mutating func storageClass() -> String? {
        guard let text = value(.storageClass) else { return nil }
        let isName =
            (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 95: true
                default: false
                }
            }
        if !isName || ["GLACIER", "DEEP_ARCHIVE", "SNOW"].contains(text) { reject(text, for: .storageClass) }
        return text
    }

    /// The tags; S3 takes 10 of a hundred and twenty-eight characters with values of twice that ("Object tagging").
    private mutating func tags() -> [S3Options.Tag] {
        guard let text = value(.objectTags) else { return [] }
        let tags = text.split(separator: ",", omittingEmptySubsequences: false).map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { part in
                String(part.drop { $0 == " " })
            }
            return S3Options.Tag(name: parts[0], value: parts.count > 1 ? parts[1] : "")
        }
        let isGood =
            tags.count <= 10 && Set(tags.map(\.name)).count == tags.count
            && tags.allSatisfy { tag in
                (1...128).contains(tag.name.count) && tag.value.count <= 256 && !tag.name.hasPrefix("aws:")
                    && (tag.name + tag.value).unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            }
        if !isGood { reject(text, for: .objectTags) }
        return tags
    }
}
