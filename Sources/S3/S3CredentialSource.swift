public import Crypto

/// The place where an access key comes from.
public enum S3CredentialSource: Sendable, Hashable {
    /// The same for ever.
    case fixed(S3Credentials)
    /// Settings, some of them in files, which are read again when they change.
    case settings(Settings)
    /// A role that a token of an identity provider may take on (AssumeRoleWithWebIdentity), as in Kubernetes.
    case webIdentity(WebIdentity)
    /// The endpoint that a container gets its role from, as in ECS and EKS.
    case container(Container)
    /// The role of the machine, from the metadata service of EC2 in its second version.
    case instance(endpoint: String)

    /// An access key in settings.
    public struct Settings: Sendable, Hashable {
        /// A value, or the file that has it.
        public enum Text: Sendable, Hashable {
            case value(Secret)
            case file(String)
        }

        let accessKeyID: Text
        let secretAccessKey: Text
        let sessionToken: Text?

        /// Describes an access key.
        public init(accessKeyID: Text, secretAccessKey: Text, sessionToken: Text?) {
            (self.accessKeyID, self.secretAccessKey) = (accessKeyID, secretAccessKey)
            self.sessionToken = sessionToken
        }
    }

    /// A role and the token that may take it on.
    public struct WebIdentity: Sendable, Hashable {
        let tokenFile: String
        let roleARN: String
        let sessionName: String
        let endpoint: String

        /// Describes a role.
        ///
        /// - Parameters:
        ///   - tokenFile: The file with the token, which is read each time.
        ///   - roleARN: The role.
        ///   - sessionName: The name under which the role's use is logged.
        ///   - endpoint: The URL of the token service, without a path.
        public init(tokenFile: String, roleARN: String, sessionName: String, endpoint: String) {
            (self.tokenFile, self.roleARN) = (tokenFile, roleARN)
            (self.sessionName, self.endpoint) = (sessionName, endpoint)
        }
    }

    /// An endpoint, and the token that it asks for.
    public struct Container: Sendable, Hashable {
        let url: String
        let authorization: Settings.Text?

        /// Describes an endpoint.
        public init(url: String, authorization: Settings.Text?) {
            (self.url, self.authorization) = (url, authorization)
        }
    }

    /// The metadata service of EC2: an address of the machine's own link, which nothing else here may reach.
    public static let metadataService = "http://169.254.169.254"

    /// True if the source can have a newer key than the one that was refused.
    var isRenewable: Bool {
        switch self {
        case .fixed: false
        case .settings, .webIdentity, .container, .instance: true
        }
    }
}
