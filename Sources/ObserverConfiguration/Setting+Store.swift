/// The settings of the store.
extension Setting {
    private static let users: [Program] = [.web, .upload, .retention, .tool]

    package static let endpoint = Setting(
        "AWS_ENDPOINT_URL_S3",
        .text("`http://host:port` or `https://host:port`, with a path where the store has one"),
        fallback: .computed("AWS itself"),
        suppliedByUp: "a private SeaweedFS",
        meaning: "The S3 store. The recorder reads it to keep cameras off that server.",
        readers: Program.allCases
    )
    package static let region = Setting(
        "AWS_REGION",
        .text("the name of a region"),
        fallback: .value("us-east-1"),
        meaning: "The region, part of each signature. Where the store names another one for the bucket, that is used.",
        readers: users
    )
    package static let addressing = Setting(
        "OBSERVER_S3_ADDRESSING",
        .word(["path", "host"]),
        fallback: .computed("`path`; for AWS itself `host`"),
        meaning: """
            The place of the bucket's name: `host` for stores that only know `https://bucket.host/`, such as Alibaba OSS \
            and Tencent COS.
            """,
        readers: [.command] + users
    )
    package static let certificates = Setting(
        "AWS_CA_BUNDLE",
        .path("the path of a file of certificates (PEM)"),
        fallback: .computed("the system's"),
        meaning: "The authorities that may vouch for the store's certificate, in place of the system's.",
        readers: [.command] + users
    )
    package static let bucket = Setting(
        "OBSERVER_S3_BUCKET",
        .text("3 to 63 lower-case letters, digits, dots and hyphens"),
        fallback: .required,
        suppliedByUp: "`observer`",
        meaning: "The bucket for recordings.",
        readers: [.command] + users
    )
    package static let prefix = Setting(
        "OBSERVER_S3_PREFIX",
        .text("at most 128 letters, digits, dots, hyphens, underscores and single slashes between them"),
        fallback: .value("observer"),
        meaning: "The beginning of every object key.",
        readers: [.capture, .upload, .retention, .tool]
    )

    // MARK: What is said with each object

    package static let encryption = Setting(
        "OBSERVER_S3_ENCRYPTION",
        .word(["AES256", "aws:kms"]),
        fallback: .computed("the bucket's default"),
        meaning: "The encryption by the store that is asked for with each recording, for buckets that demand it.",
        readers: [.upload, .tool]
    )
    package static let encryptionKey = Setting(
        "OBSERVER_S3_KMS_KEY_ID",
        .text("the ID, alias or ARN of a key of KMS, with `OBSERVER_S3_ENCRYPTION=aws:kms`"),
        fallback: .computed("the account's key for S3"),
        meaning: "The key of KMS.",
        readers: [.upload, .tool]
    )
    package static let storageClass = Setting(
        "OBSERVER_S3_STORAGE_CLASS",
        .text("1 to 32 capital letters, digits and underscores, and a class that is read at once"),
        fallback: .computed("the bucket's default"),
        meaning: """
            The storage class of recordings, such as `STANDARD_IA`. Classes that must be restored before they are read \
            (`GLACIER`, `DEEP_ARCHIVE`) would make playback impossible; rules of the bucket may move old recordings there.
            """,
        readers: [.upload, .tool]
    )
    package static let objectTags = Setting(
        "OBSERVER_S3_TAGS",
        .text("at most 10 pairs `name=value`, separated by commas"),
        fallback: .none,
        meaning: "Tags of each recording, for rules of the bucket and for bills. The key needs `s3:PutObjectTagging`.",
        readers: [.upload, .tool]
    )
    package static let bucketOwner = Setting(
        "OBSERVER_S3_BUCKET_OWNER",
        .text("the 12 digits of an account of AWS"),
        fallback: .none,
        meaning:
            "The account that must own the bucket: nothing is sent to one that another account has made by that name.",
        readers: users
    )
    package static let requesterPays = Setting(
        "OBSERVER_S3_REQUESTER_PAYS",
        .word(["0", "1"]),
        fallback: .value("0"),
        meaning: "1 agrees to pay for requests, which some buckets demand.",
        readers: users
    )
    package static let versions = Setting(
        "OBSERVER_S3_VERSIONS",
        .word(S3VersionPolicy.allCases.map(\.rawValue)),
        fallback: .value(S3VersionPolicy.delete.rawValue),
        meaning: """
            In a bucket that keeps versions: `delete` deletes all versions of a recording when its time is over, for which the \
            key needs `s3:ListBucketVersions` and `s3:DeleteObjectVersion`; `keep` leaves old versions to rules of the bucket, \
            and they take room until those remove them.
            """,
        readers: [.retention]
    )
}
