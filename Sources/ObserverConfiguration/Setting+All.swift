import Logging
import ObserverCore

/// A heading of `SETTINGS.md` with its settings.
package struct SettingGroup: Sendable {
    package let title: String
    package let settings: [Setting]
}

extension Setting {
    /// Every setting there is.
    package static let all: [SettingGroup] = [
        SettingGroup(
            title: "The command `./observer`",
            settings: [home, port, listen, user, demo, captureProcesses, adminPassword]
        ),
        SettingGroup(title: "Database, broker, key", settings: [databaseURL, brokerURL, key]),
        SettingGroup(
            title: "Store",
            settings: [
                endpoint, region, addressing, certificates, bucket, prefix, encryption, encryptionKey, storageClass,
                objectTags, bucketOwner, requesterPays, versions,
            ]
        ),
        SettingGroup(
            title: "Access key of the store",
            settings: [
                accessKeyID, secretAccessKey, sessionToken, credentials, webIdentityTokenFile, roleARN, roleSessionName,
                tokenService, containerPath, containerURL, containerToken, metadataService,
            ]
        ),
        SettingGroup(
            title: "More stores",
            settings: DestinationSettings.second.all + DestinationSettings.third.all + [copies, fallbackSeconds]
        ),
        SettingGroup(
            title: "Recording",
            settings: [spool, recorder, segmentSeconds, snapshotSeconds, cameraNetworks, liveListen]
        ),
        SettingGroup(
            title: "Pages and API",
            settings: [
                publicURL, tlsCertificate, tlsKey, trustedProxies, fastCGISocket, templates, webThreads,
            ]
        ),
        SettingGroup(title: "Uploads", settings: [uploadParallel, uploadRate, timeZone, sweepSeconds, retrySeconds]),
        SettingGroup(title: "Log", settings: [logLevel, logFormat]),
        SettingGroup(title: "Tests", settings: [crashPoint]),
    ]

    private static let services: [Program] = [.web, .capture, .upload, .retention]
    private static let everyProgram = Program.allCases
    /// Those that take part in recording.
    private static let recordingPrograms = Program.allCases.filter { $0 != .retention }

    // MARK: The command

    package static let home = Setting(
        "OBSERVER_HOME",
        .text("a folder"),
        fallback: .value("./var"),
        meaning: "Where `up` keeps all data.",
        readers: [.command]
    )
    package static let port = Setting(
        "OBSERVER_PORT",
        .integer(1...65_535),
        fallback: .value("8080"),
        meaning: "The port of the page. All other ports are free ones.",
        readers: [.command]
    )
    package static let listen = Setting(
        "OBSERVER_LISTEN",
        .text("an address of this machine"),
        fallback: .value("127.0.0.1"),
        meaning: "The address of the page. `0.0.0.0` opens it to the network.",
        readers: [.command]
    )
    package static let user = Setting(
        "OBSERVER_USER",
        .text("the name of a user of this machine, not root"),
        fallback: .value("observer"),
        meaning: "The user that services run as when root calls `up`; the default one is made where it is missing.",
        readers: [.command]
    )
    package static let demo = Setting(
        "OBSERVER_DEMO",
        .word(["0", "1"]),
        fallback: .value("1"),
        meaning: "0 leaves out the demo camera.",
        readers: [.command]
    )
    package static let captureProcesses = Setting(
        "OBSERVER_CAPTURE_PROCESSES",
        .integer(1...16),
        fallback: .value("1"),
        meaning: "The number of recorders, which share the cameras and the spool.",
        readers: [.command]
    )
    package static let adminPassword = Setting(
        "OBSERVER_ADMIN_PASSWORD",
        .text("a password of 10 or more characters"),
        fallback: .computed("generated"),
        isSecret: true,
        meaning: "The password of the first administrator, read when that account is created.",
        readers: [.command, .tool]
    )

    // MARK: Database, broker, key

    package static let databaseURL = Setting(
        "OBSERVER_DATABASE_URL",
        .text("`postgresql://user:password@host:5432/database`, percent-encoded in its parts"),
        fallback: .required,
        suppliedByUp: "a private PostgreSQL",
        isSecret: true,
        meaning: "The PostgreSQL database.",
        readers: everyProgram
    )
    package static let brokerURL = Setting(
        "OBSERVER_AMQP_URL",
        .text("`amqp://user:password@host:5672/vhost` or `amqps://…`, percent-encoded in its parts"),
        fallback: .required,
        suppliedByUp: "a private RabbitMQ",
        isSecret: true,
        meaning: "The RabbitMQ broker.",
        readers: recordingPrograms
    )
    package static let key = Setting(
        "OBSERVER_KEY",
        .text("32 bytes in base64, as `observerctl key` prints them"),
        fallback: .required,
        suppliedByUp: "a key that is generated once",
        isSecret: true,
        meaning: "The key that encrypts camera passwords. Keep a copy: without it they are lost.",
        readers: [.command, .web, .capture, .tool]
    )

    // MARK: Recording

    package static let spool = Setting(
        "OBSERVER_SPOOL",
        .path("the path of a folder"),
        fallback: .required,
        suppliedByUp: "`$OBSERVER_HOME/spool`",
        meaning: "Recordings on their way to S3. Optional for `observer-web`, which plays waiting segments from it.",
        readers: recordingPrograms
    )
    package static let recorder = Setting(
        "OBSERVER_RECORDER",
        .text("1 to 63 lower-case letters, digits, dots and hyphens"),
        fallback: .computed("the host's name"),
        suppliedByUp: "a name that is generated once",
        meaning: "The name of this recorder, and of the uploader beside it. No two recorders that run may share one.",
        readers: [.command, .capture, .upload]
    )
    package static let segmentSeconds = Setting(
        "OBSERVER_SEGMENT_SECONDS",
        .integer(CameraSettings.segmentSecondsRange),
        fallback: .value("\(CameraSettings().segmentSeconds)"),
        meaning: "The segment length of a new camera that names none.",
        readers: [.web]
    )
    package static let snapshotSeconds = Setting(
        "OBSERVER_SNAPSHOT_SECONDS",
        .integer(0...86_400),
        fallback: .value("300"),
        meaning: "The time between two snapshots of a camera that are made without being asked for; 0 for none.",
        readers: [.capture]
    )
    package static let cameraNetworks = Setting(
        "OBSERVER_CAMERA_NETWORKS",
        .text("`default` and ranges, separated by commas, as in `default,127.0.0.1/32:8554`"),
        fallback: .value("default"),
        meaning: """
            The addresses that cameras may have. `default` is all but this machine, its link, cloud metadata and \
            Observer's own servers; without it, only the ranges are allowed.
            """,
        readers: [.command, .web, .capture]
    )

    package static let liveListen = Setting(
        "OBSERVER_LIVE_LISTEN",
        .text("the path of a folder, or an address with a port, as in `192.0.2.5:7000` or `[fd00::5]:7000`"),
        fallback: .none,
        suppliedByUp: "`$OBSERVER_HOME/run`",
        meaning: """
            Where nginx asks this recorder for live pictures: a socket in a folder that both see, or, for a recorder on another \
            machine, an address of this one. Whoever asks needs a ticket of `observer-web`; the pictures are not encrypted on \
            this way. Of several recorders that `up` runs, each has the next port. Empty: no live pictures.
            """,
        readers: [.command, .capture]
    )

    // MARK: Pages and API

    package static let publicURL = Setting(
        "OBSERVER_PUBLIC_URL",
        .text("`http://host` or `https://host`, with a port where it is not the usual one, and no path"),
        fallback: .none,
        meaning: "The address that people use. nginx answers to its host; `https://…` makes cookies secure.",
        readers: [.command, .web]
    )
    package static let tlsCertificate = Setting(
        "OBSERVER_TLS_CERTIFICATE",
        .path("the path of a PEM file"),
        fallback: .none,
        meaning: """
            The server's certificate, followed by those that vouch for it: nginx then speaks https on its port. It reads the \
            file at each handshake, so a renewed one is used at once. Of the command and of the nginx container.
            """,
        readers: [.command]
    )
    package static let tlsKey = Setting(
        "OBSERVER_TLS_KEY",
        .path("the path of a PEM file"),
        fallback: .none,
        meaning: "The certificate's key, without a passphrase. The user that nginx runs as must be able to read it.",
        readers: [.command]
    )
    package static let trustedProxies = Setting(
        "OBSERVER_TRUSTED_PROXIES",
        .text(
            "addresses and networks, separated by commas, as in `192.0.2.7,fd00::/8`; `private` stands for those of local "
                + "networks"
        ),
        fallback: .none,
        meaning: """
            The proxies in front of nginx, besides those on this machine, whose `X-Forwarded-For`, `X-Forwarded-Proto` and \
            `X-Forwarded-Host` are believed. Of the command and of the nginx container.
            """,
        readers: [.command]
    )
    package static let fastCGISocket = Setting(
        "OBSERVER_FASTCGI_SOCKET",
        .path("the path of a unix socket, at most 107 bytes long"),
        fallback: .required,
        suppliedByUp: "`$OBSERVER_HOME/run/web.sock`",
        meaning: "The socket on which nginx reaches `observer-web`.",
        readers: [.web]
    )
    package static let templates = Setting(
        "OBSERVER_TEMPLATES",
        .path("the path of the folder `templates`"),
        fallback: .required,
        suppliedByUp: "that of the source tree",
        meaning: "The templates of the pages. The folder `api` with the API’s document is beside them.",
        readers: [.web]
    )
    package static let webThreads = Setting(
        "OBSERVER_WEB_THREADS",
        .integer(1...256),
        fallback: .value("12"),
        meaning: "Requests that are answered at the same time, each with a database connection of its own.",
        readers: [.web]
    )

    // MARK: Uploads

    package static let uploadParallel = Setting(
        "OBSERVER_UPLOAD_PARALLEL",
        .integer(1...256),
        fallback: .value("32"),
        meaning: """
            Uploads under way at the same time, at most. There are fewer where more would not bring more bytes a second.
            """,
        readers: [.upload]
    )
    package static let uploadRate = Setting(
        "OBSERVER_UPLOAD_RATE",
        .text(
            "`unlimited`, a rate such as `20 Mbit/s`, or rules such as `Mon-Fri 08:00-18:00 2 Mbit/s; else 20 Mbit/s`, "
                + "from 64 kbit/s to 100 Gbit/s"
        ),
        fallback: .value("unlimited"),
        meaning: """
            The bandwidth of all uploads together. The first rule that covers a moment holds; four fifths are for the newest \
            segments while older ones wait as well.
            """,
        readers: [.upload]
    )
    package static let timeZone = Setting(
        "OBSERVER_TIME_ZONE",
        .text("the name of a time zone of this machine, such as `Europe/Berlin`"),
        fallback: .value("UTC"),
        meaning: "The time zone of the times in `OBSERVER_UPLOAD_RATE`.",
        readers: [.upload]
    )
    package static let sweepSeconds = Setting(
        "OBSERVER_SWEEP_SECONDS",
        .integer(1...3600),
        fallback: .value("60"),
        meaning: "The time between recoveries of open files, and between sweeps of a spool that is not watched.",
        readers: [.upload]
    )
    package static let retrySeconds = Setting(
        "OBSERVER_RETRY_SECONDS",
        .integers(2, in: 1...3600),
        fallback: .value("5,30"),
        meaning: "The pauses before the second and the third try of an upload that was refused.",
        readers: [.upload]
    )

    // MARK: Log and tests

    package static let logLevel = Setting(
        "OBSERVER_LOG_LEVEL",
        .word(LogLevel.allCases.map(\.rawValue)),
        fallback: .value("info"),
        meaning: "The lowest level that is logged.",
        readers: services
    )
    package static let logFormat = Setting(
        "OBSERVER_LOG_FORMAT",
        .word(LogFormat.allCases.map(\.rawValue)),
        fallback: .value("text"),
        meaning: "The format of log lines.",
        readers: services
    )
    package static let crashPoint = Setting(
        "OBSERVER_CRASH_AT",
        .word(CrashPoints.Point.allCases.map(\.rawValue)),
        fallback: .none,
        meaning: "The step at which a debug build kills itself. Release builds ignore it.",
        readers: [.upload]
    )
}
