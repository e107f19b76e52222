import ObserverCore

/// The settings of a destination other than home.
package struct DestinationSettings: Sendable {
    package let endpoint: Setting
    package let region: Setting
    package let bucket: Setting
    package let addressing: Setting
    package let certificates: Setting
    package let accessKeyID: Setting
    package let secretAccessKey: Setting

    /// All of them, in the order of the document.
    var all: [Setting] {
        [endpoint, region, bucket, addressing, certificates, accessKeyID, secretAccessKey]
    }

    private static let users: [Program] = [.web, .upload, .retention, .tool]

    fileprivate init(_ destination: Destination) {
        let word = destination.word
        let name = "OBSERVER_S3_\(word.uppercased())"
        endpoint = Setting(
            "\(name)_ENDPOINT",
            Setting.endpoint.form,
            fallback: .computed("AWS itself"),
            meaning: "The \(word) store. The recorder reads it to keep cameras off that server.",
            readers: Program.allCases.filter { $0 != .command }
        )
        region = Setting(
            "\(name)_REGION",
            Setting.region.form,
            fallback: .value("us-east-1"),
            meaning: "The region of the \(word) store.",
            readers: Self.users
        )
        bucket = Setting(
            "\(name)_BUCKET",
            Setting.bucket.form,
            fallback: .none,
            meaning: """
                The bucket in the \(word) store. With it, there is a \(word) destination; object keys are those of home.
                """,
            readers: Self.users
        )
        addressing = Setting(
            "\(name)_ADDRESSING",
            Setting.addressing.form,
            fallback: .computed("`path`; for AWS itself `host`"),
            meaning: "The place of the bucket's name.",
            readers: Self.users
        )
        certificates = Setting(
            "\(name)_CERTIFICATES",
            Setting.certificates.form,
            fallback: .computed("the system's"),
            meaning: "The authorities that may vouch for the store's certificate.",
            readers: Self.users
        )
        accessKeyID = Setting(
            "\(name)_ACCESS_KEY_ID",
            Setting.accessKeyID.form,
            fallback: .computed("required with the bucket"),
            meaning: "The ID of the access key. A file (`…_FILE`) is read again when it changes.",
            readers: Self.users
        )
        secretAccessKey = Setting(
            "\(name)_SECRET_ACCESS_KEY",
            Setting.secretAccessKey.form,
            fallback: .computed("required with the bucket"),
            isSecret: true,
            meaning: "The secret access key.",
            readers: Self.users
        )
    }

    package static let second = DestinationSettings(.second)
    package static let third = DestinationSettings(.third)
}

extension Setting {
    package static let copies = Setting(
        "OBSERVER_S3_COPIES",
        .integer(1...Destination.allCases.count),
        fallback: .value("1"),
        meaning: """
            The number of destinations that must have a segment before its file is deleted from the spool; at most as many as \
            there are.
            """,
        readers: [.web, .upload, .retention, .tool]
    )
    package static let fallbackSeconds = Setting(
        "OBSERVER_S3_FALLBACK_SECONDS",
        .integer(1...86_400),
        fallback: .value("60"),
        meaning: """
            The time for which a destination may take nothing before the next one takes its place; what lies there is copied \
            home later.
            """,
        readers: [.upload]
    )
}
