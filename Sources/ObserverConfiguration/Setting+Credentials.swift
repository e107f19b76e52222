import S3

/// The settings of the store's access key; the first of a key, a web identity and a container's endpoint that is set counts.
extension Setting {
    private static let users: [Program] = [.web, .upload, .retention, .tool]

    package static let accessKeyID = Setting(
        "AWS_ACCESS_KEY_ID",
        .text("the ID of an access key"),
        fallback: .required,
        suppliedByUp: "that of the private store",
        meaning: """
            The ID of the access key, unless the platform gives one. A file (`…_FILE`) is read again when it \
            changes.
            """,
        readers: users
    )
    package static let secretAccessKey = Setting(
        "AWS_SECRET_ACCESS_KEY",
        .text("a secret access key"),
        fallback: .required,
        suppliedByUp: "that of the private store",
        isSecret: true,
        meaning: "The secret access key.",
        readers: users
    )
    package static let sessionToken = Setting(
        "AWS_SESSION_TOKEN",
        .text("a session token"),
        fallback: .none,
        isSecret: true,
        meaning: "The session token of temporary credentials.",
        readers: users
    )
    package static let credentials = Setting(
        "OBSERVER_S3_CREDENTIALS",
        .word(["auto", "instance"]),
        fallback: .value("auto"),
        meaning: """
            `auto` takes the first that is set of a key, a web identity and a container's endpoint; \
            `instance` takes the role of the machine from the metadata service of EC2 (IMDSv2).
            """,
        readers: users
    )
    package static let webIdentityTokenFile = Setting(
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        .path("the path of a file with a token"),
        fallback: .none,
        meaning: "The token with which a role is taken on, as Kubernetes hands it out. It is read each time.",
        readers: users
    )
    package static let roleARN = Setting(
        "AWS_ROLE_ARN",
        .text("the ARN of a role"),
        fallback: .none,
        meaning: "The role that the web identity takes on.",
        readers: users
    )
    package static let roleSessionName = Setting(
        "AWS_ROLE_SESSION_NAME",
        .text("2 to 64 letters, digits and `+=,.@_-`"),
        fallback: .value("observer"),
        meaning: "The name under which the use of the role is logged.",
        readers: users
    )
    package static let tokenService = Setting(
        "AWS_ENDPOINT_URL_STS",
        .text("`http://host:port` or `https://host:port`, without a path"),
        fallback: .computed("that of the region"),
        meaning: "The token service that gives keys for web identities.",
        readers: users
    )
    package static let containerPath = Setting(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        .text("a path that begins with /"),
        fallback: .none,
        meaning: "The path of the container's key at `http://169.254.170.2`, as ECS sets it.",
        readers: users
    )
    package static let containerURL = Setting(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        .text(
            "a URL with `https://`, or with `http://` of this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]"
        ),
        fallback: .none,
        meaning: "The URL of the container's key, as EKS sets it.",
        readers: users
    )
    package static let containerToken = Setting(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        .text("a token"),
        fallback: .none,
        isSecret: true,
        meaning: "The token that the container's endpoint asks for. A file (`…_FILE`) is read each time.",
        readers: users
    )
    package static let metadataService = Setting(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        .text("`http://host:port` or `https://host:port`, without a path"),
        fallback: .value(S3CredentialSource.metadataService),
        meaning: "The metadata service.",
        readers: users
    )
}
