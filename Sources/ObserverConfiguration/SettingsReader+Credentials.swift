import Crypto
import ObserverCore
import S3

/// The place where the access key of the store comes from.
extension SettingsReader {
    private enum Origin: String {
        case automatic = "auto"
        case instance
    }

    /// The first of a key in settings, a web identity and a container's endpoint that is set; the machine's role only where
    /// it is asked for, so that a key that was forgotten is noticed at the start.
    mutating func credentials(region: String) -> S3CredentialSource? {
        if word(.credentials, as: Origin.self) == .instance {
            return .instance(endpoint: address(.metadataService) ?? S3CredentialSource.metadataService)
        }
        if !isGiven(.accessKeyID), !isGiven(.secretAccessKey),
            let platform = webIdentity(region: region) ?? container()
        {
            return platform
        }
        let (id, secret) = (origin(.accessKeyID), origin(.secretAccessKey))
        return source(id, secret, token: isGiven(.sessionToken) ? origin(.sessionToken) : nil)
    }

    /// The access key of another destination; notes a part that is not set.
    mutating func credentials(_ settings: DestinationSettings) -> S3CredentialSource? {
        for setting in [settings.accessKeyID, settings.secretAccessKey] where !isGiven(setting) {
            note(setting, "is not set, but \(settings.bucket.name) is; it must be \(setting.form.requirement)")
        }
        let (id, secret) = (origin(settings.accessKeyID), origin(settings.secretAccessKey))
        return source(id, secret, token: nil)
    }

    private func source(
        _ id: S3CredentialSource.Settings.Text?,
        _ secret: S3CredentialSource.Settings.Text?,
        token: S3CredentialSource.Settings.Text?
    ) -> S3CredentialSource? {
        guard let id, let secret else { return nil }
        guard case .value(let text) = id, case .value(let key) = secret else {
            return .settings(S3CredentialSource.Settings(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
        }
        switch token {
        case .file:
            return .settings(S3CredentialSource.Settings(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
        case .value(let token):
            return .fixed(S3Credentials(accessKeyID: text.expose(), secretAccessKey: key, sessionToken: token))
        case nil: return .fixed(S3Credentials(accessKeyID: text.expose(), secretAccessKey: key))
        }
    }

    /// A value, or the file that has it; notes a required setting without one.
    private mutating func origin(_ setting: Setting) -> S3CredentialSource.Settings.Text? {
        guard let text = value(setting) else { return nil }
        return file(of: setting).map { .file($0) } ?? .value(Secret(text))
    }

    // MARK: Platforms

    private mutating func webIdentity(region: String) -> S3CredentialSource? {
        let (file, role) = (path(.webIdentityTokenFile), text(.roleARN))
        guard !file.isEmpty || !role.isEmpty else { return nil }
        if file.isEmpty { note(.webIdentityTokenFile, "is not set, but AWS_ROLE_ARN is") }
        if role.isEmpty { note(.roleARN, "is not set, but AWS_WEB_IDENTITY_TOKEN_FILE is") }
        if !role.isEmpty, !role.hasPrefix("arn:") || !(20...2048).contains(role.utf8.count) {
            reject(role, for: .roleARN)
        }
        let session = text(.roleSessionName)
        if !Self.isSessionName(session) { reject(session, for: .roleSessionName) }
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return .webIdentity(
            S3CredentialSource.WebIdentity(
                tokenFile: file,
                roleARN: role,
                sessionName: session,
                endpoint: address(.tokenService) ?? "https://sts.\(region).\(domain)"
            )
        )
    }

    /// Returns true for a name that STS takes ("AssumeRoleWithWebIdentity").
    private static func isSessionName(_ name: String) -> Bool {
        (2...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 43...46, 48...57, 61, 64, 65...90, 95, 97...122: true
                default: false
                }
            }
    }

    private mutating func container() -> S3CredentialSource? {
        let token = isGiven(.containerToken) ? origin(.containerToken) : nil
        if let path = value(.containerPath) {
            if !path.hasPrefix("/") || !Self.isPrintable(path) { reject(path, for: .containerPath) }
            return .container(S3CredentialSource.Container(url: "http://169.254.170.2\(path)", authorization: token))
        }
        guard let url = value(.containerURL) else { return nil }
        if !Self.isContainerURL(url) { reject(url, for: .containerURL) }
        return .container(S3CredentialSource.Container(url: url, authorization: token))
    }

    /// Returns true for https, and for http to this machine and to the services of AWS, as in the SDKs: nobody on the way
    /// may read a key.
    private static func isContainerURL(_ url: String) -> Bool {
        guard isPrintable(url), let slashes = url.firstRange(of: "://") else { return false }
        let authority = url[slashes.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let endpoint = try? S3Endpoint("\(url[..<slashes.upperBound])\(authority)") else { return false }
        let hosts = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "::1"]
        let isLoopback = IPAddress(endpoint.host) != nil && endpoint.host.hasPrefix("127.")
        return endpoint.scheme == "https" || hosts.contains(endpoint.host.lowercased()) || isLoopback
    }

    private static func isPrintable(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// The URL of a server without a path; nil where none is given.
    private mutating func address(_ setting: Setting) -> String? {
        guard let text = value(setting) else { return nil }
        guard let endpoint = try? S3Endpoint(text), endpoint.path.isEmpty else {
            reject(text, for: setting)
            return nil
        }
        return "\(endpoint.scheme)://\(endpoint.authority)"
    }
}
