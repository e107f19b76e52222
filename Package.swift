// swift-tools-version: 6.2
// The targets below are the architecture: an arrow that is not a dependency here does not exist.
// Executables -> services -> adapters -> ObserverCore; libraries know nothing of Observer; one Swift module per C library.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// A door to one C library: its headers, and C functions for what Swift cannot import (macros, variadics).
func cLibrary(_ name: String, links libraries: [String]) -> Target {
    .target(name: name, linkerSettings: libraries.map { .linkedLibrary($0) })
}

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func executable(
    _ name: String,
    path: String? = nil,
    _ dependencies: [Target.Dependency],
    exports symbols: [String] = []
) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: path,
        exclude: path == nil ? [] : ["README.md"],
        swiftSettings: settings,
        linkerSettings: symbols.isEmpty
            ? [] : [.unsafeFlags(symbols.flatMap { ["-Xlinker", "--export-dynamic-symbol=\($0)"] })]
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "Observer",
    products: [
        .executable(name: "observer-web", targets: ["observer-web"]),
        .executable(name: "observer-capture", targets: ["observer-capture"]),
        .executable(name: "observer-media", targets: ["observer-media"]),
        .executable(name: "observer-upload", targets: ["observer-upload"]),
        .executable(name: "observer-retention", targets: ["observer-retention"]),
        .executable(name: "observerctl", targets: ["observerctl"]),
    ],
    targets: [
        // C libraries
        cLibrary("CFastCGI", links: ["fcgi"]),
        cLibrary("CLibPQ", links: ["pq"]),
        cLibrary("CRabbitMQ", links: ["rabbitmq"]),
        cLibrary("CLibCurl", links: ["curl"]),
        cLibrary("CLibAV", links: ["avformat", "avcodec", "avutil", "swscale"]),
        cLibrary("CLibCrypto", links: ["crypto"]),
        // Defines connect(2) and sendto(2): only what opens the addresses of cameras may link it.
        .target(name: "CConnectionGuard"),
        .target(name: "CSystem"),

        // Ground floor: pure modules import nothing but the standard library, Encodings and Errors
        module("Errors"),
        module("Encodings", ["Errors"]),
        module("System", ["CSystem", "Errors"]),

        // Libraries
        module("Logging", ["Errors", "Encodings", "System"]),
        module("Lifecycle", ["System", "Logging"]),
        module("Crypto", ["CLibCrypto", "Errors", "Encodings", "System"]),
        module("HTTPTypes"),
        module("FastCGI", ["CFastCGI", "FastCGIWire", "Errors", "HTTPTypes", "System", "Lifecycle"]),
        module("FastCGIWire", ["Errors"]),
        module("HTTPRouting", ["Errors", "Encodings", "HTTPTypes"]),
        module("Mustache", ["Errors", "System"]),
        module("RTP", ["Encodings", "Errors"]),
        module("RTSP", ["Encodings", "Errors"]),
        module("Postgres", ["CLibPQ", "Encodings", "Errors", "System"]),
        module("AMQP", ["CRabbitMQ", "Errors", "Encodings", "System", "Lifecycle", "Logging"]),
        module("HTTPClient", ["CLibCurl", "Errors", "HTTPTypes", "System", "Lifecycle"]),
        module("S3", ["HTTPTypes", "HTTPClient", "Crypto", "Errors", "Encodings", "Lifecycle", "Logging", "System"]),
        module("MP4", ["Encodings", "Errors"]),
        module("ConnectionGuard", ["CConnectionGuard"]),
        module("Media", ["RTP", "RTSP", "MP4", "Crypto", "Encodings", "Errors", "System"]),
        // FFmpeg reads what strangers send: only `observer-media`, which has nothing else, and tests may link it.
        module("LibraryMedia", ["CLibAV", "ConnectionGuard", "Media", "Crypto", "Encodings", "Errors", "System"]),

        // Domain and adapters
        module("ObserverCore", ["Encodings", "Errors"]),
        module(
            "ObserverConfiguration",
            [
                "ObserverCore", "Crypto", "Errors", "Encodings", "System", "Lifecycle", "Logging", "Postgres", "AMQP",
                "HTTPClient", "S3",
            ]
        ),
        module(
            "ObserverStore",
            ["ObserverCore", "Postgres", "Crypto", "Encodings", "Errors", "System", "Lifecycle", "Logging"]
        ),
        module("ObserverMessages", ["ObserverCore", "AMQP", "Crypto", "Encodings", "Errors"]),
        module("Spool", ["ObserverCore", "MP4", "Crypto", "Encodings", "Errors", "System"]),
        module("ObserverExport", ["ObserverCore", "MP4", "Crypto", "Encodings", "Errors"]),

        // Services
        module(
            "ObserverWeb",
            [
                "ObserverCore", "ObserverConfiguration", "ObserverExport", "ObserverStore", "ObserverMessages", "MP4",
                "Media", "HTTPTypes", "FastCGI", "HTTPRouting", "HTTPClient", "Mustache", "Postgres", "AMQP", "S3",
                "Crypto",
                "Errors",
                "Encodings", "System", "Lifecycle", "Logging",
            ]
        ),
        module(
            "ObserverCapture",
            [
                "ObserverCore", "ObserverConfiguration", "ObserverStore", "ObserverMessages", "Spool",
                "Media", "RTSP", "FastCGIWire", "Postgres", "AMQP", "Crypto", "Errors", "Encodings", "System",
                "Lifecycle",
                "Logging",
            ]
        ),
        module("ObserverMedia", ["ObserverCore", "LibraryMedia", "Media", "Errors", "System"]),
        module(
            "ObserverUpload",
            [
                "ObserverCore", "ObserverConfiguration", "ObserverStore", "ObserverMessages", "Spool",
                "S3", "HTTPClient", "Postgres", "AMQP", "Crypto", "Errors", "Encodings", "System", "Lifecycle",
                "Logging",
            ]
        ),

        module(
            "ObserverRetention",
            [
                "ObserverCore", "ObserverConfiguration", "ObserverStore", "S3", "HTTPClient", "Postgres", "Crypto",
                "Encodings", "Errors", "System", "Lifecycle", "Logging",
            ]
        ),

        // Executables: wiring only
        executable("observer-web", ["ObserverWeb", "ObserverConfiguration", "Lifecycle", "Logging"]),
        executable(
            "observer-capture",
            path: "workers/capture",
            ["ObserverCapture", "ObserverConfiguration", "Lifecycle", "Logging"]
        ),
        // The linker exports `connect` and `sendto` by itself, because libraries want them; not what they want by version.
        executable(
            "observer-media",
            path: "workers/media",
            ["ObserverMedia"],
            exports: [
                "gnutls_handshake", "gnutls_server_name_set", "gnutls_certificate_allocate_credentials",
            ]
        ),
        executable(
            "observer-upload",
            path: "workers/upload",
            ["ObserverUpload", "ObserverConfiguration", "Lifecycle", "Logging"]
        ),
        executable(
            "observer-retention",
            path: "workers/retention",
            ["ObserverRetention", "ObserverConfiguration", "Lifecycle", "Logging"]
        ),
        executable(
            "observerctl",
            [
                "ObserverCore", "ObserverConfiguration", "ObserverExport", "ObserverStore", "ObserverMessages",
                "ObserverRetention", "Postgres", "AMQP", "S3", "HTTPTypes", "HTTPClient", "Crypto", "Errors",
                "Encodings", "System",
                "Lifecycle", "Logging",
            ]
        ),

        // Tests
        .target(name: "SeededNumbers", path: "Tests/SeededNumbers", swiftSettings: settings),
        .target(
            name: "TemporaryFolders",
            dependencies: ["System"],
            path: "Tests/TemporaryFolders",
            swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: [
                "ObserverCore", "Postgres", "ObserverStore", "S3", "HTTPClient", "AMQP", "Crypto", "Encodings",
                "Lifecycle",
            ],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        tests("EncodingsTests", ["Encodings"]),
        tests("SystemTests", ["TemporaryFolders", "System", "Errors"]),
        tests("LoggingTests", ["Logging", "Errors", "System"]),
        tests("LifecycleTests", ["Lifecycle", "System"]),
        tests("CryptoTests", ["Crypto", "Encodings", "System"]),
        tests("HTTPTypesTests", ["HTTPTypes"]),
        tests("FastCGITests", ["TemporaryFolders", "SeededNumbers", "FastCGI", "HTTPTypes", "System", "Lifecycle"]),
        tests("FastCGIWireTests", ["SeededNumbers", "FastCGIWire"]),
        tests("HTTPRoutingTests", ["HTTPRouting", "HTTPTypes"]),
        tests("MustacheTests", ["Mustache"]),
        tests("RTPTests", ["SeededNumbers", "RTP", "Encodings"]),
        tests("RTSPTests", ["SeededNumbers", "RTSP", "Crypto"]),
        tests("PostgresTests", ["Postgres"]),
        tests("AMQPTests", ["AMQP", "CRabbitMQ", "Errors"]),
        tests(
            "HTTPClientTests",
            ["TemporaryFolders", "TestSupport", "HTTPClient", "HTTPTypes", "System", "Lifecycle"]
        ),
        tests(
            "S3Tests",
            [
                "TemporaryFolders", "TestSupport", "S3", "Crypto", "Errors", "Encodings", "HTTPClient", "HTTPTypes",
                "System",
            ]
        ),
        tests("MP4Tests", ["SeededNumbers", "MP4", "Encodings"]),
        tests(
            "MediaTests",
            [
                "SeededNumbers", "TemporaryFolders", "Media", "LibraryMedia", "CLibAV", "MP4", "RTP", "RTSP", "Crypto",
                "Encodings",
                "System", "Lifecycle",
            ]
        ),
        tests("LibraryMediaTests", ["LibraryMedia", "CLibAV", "Media", "Crypto", "System", "TestSupport"]),
        tests("ObserverCoreTests", ["SeededNumbers", "ObserverCore", "Encodings", "TestSupport"]),
        tests(
            "ObserverConfigurationTests",
            ["TemporaryFolders", "ObserverConfiguration", "ObserverCore", "Lifecycle", "Logging"]
        ),
        tests("ObserverMessagesTests", ["ObserverMessages", "ObserverCore", "Crypto", "TestSupport"]),
        tests(
            "ObserverExportTests",
            ["SeededNumbers", "TestSupport", "ObserverExport", "ObserverCore", "MP4", "Crypto", "Encodings"]
        ),
        tests("ObserverStoreTests", ["ObserverStore", "ObserverCore", "Encodings"]),
        tests(
            "SpoolTests",
            [
                "SeededNumbers", "TemporaryFolders", "Spool", "ObserverCore", "MP4", "Crypto", "Encodings", "System",
                "TestSupport",
            ]
        ),
        tests(
            "ObserverWebTests",
            [
                "ObserverWeb", "ObserverCore", "ObserverConfiguration", "ObserverStore", "HTTPTypes", "HTTPRouting",
                "Encodings", "Mustache", "TestSupport", "SeededNumbers", "System", "Logging",
            ]
        ),
        tests(
            "ObserverCaptureTests",
            [
                "TemporaryFolders", "ObserverCapture", "ObserverConfiguration", "ObserverCore", "Media", "MP4", "Spool",
                "FastCGIWire", "ObserverMessages", "Crypto",
                "Postgres", "System",
                "Lifecycle", "Logging",
            ]
        ),
        tests(
            "ObserverUploadTests",
            [
                "SeededNumbers", "TemporaryFolders", "ObserverUpload", "ObserverConfiguration", "ObserverCore",
                "ObserverMessages", "ObserverStore", "Spool",
                "Postgres",
                "System", "Lifecycle", "Logging", "TestSupport",
            ]
        ),
        tests(
            "ObserverRetentionTests",
            [
                "SeededNumbers", "TestSupport", "ObserverRetention", "ObserverConfiguration", "ObserverCore",
                "ObserverStore", "S3",
                "System",
            ]
        ),
        tests(
            "IntegrationTests",
            [
                "SeededNumbers", "TemporaryFolders", "TestSupport", "ObserverCore", "ObserverConfiguration",
                "ObserverStore",
                "ObserverMessages",
                "ObserverCapture", "ObserverUpload", "ObserverRetention", "ObserverWeb", "Spool", "Media",
                "LibraryMedia", "MP4", "RTSP",
                "HTTPTypes",
                "HTTPRouting",
                "Mustache",
                "Postgres", "AMQP", "S3", "HTTPClient", "Crypto", "Errors", "Encodings", "System", "FastCGI",
                "Lifecycle", "Logging",
            ]
        ),
        tests("TidyTests", ["System"]),
    ],
    swiftLanguageModes: [.v6]
)

// Sanitizers change every object file: what they are not run with need not be built for them.
if Context.environment["UNIT_TESTS_ALONE"] != nil {
    package.targets.removeAll { ["IntegrationTests", "TidyTests"].contains($0.name) }
}

// `Tests/Fuzz/run` builds the fuzzers; libFuzzer brings their main function.
if Context.environment["OBSERVER_FUZZ"] != nil {
    package.targets.append(.target(name: "FuzzRunner", path: "Tests/Fuzz/FuzzRunner", swiftSettings: settings))
    for module in ["RTP", "RTSP", "MP4", "FastCGIWire"] {
        package.targets.append(
            .executableTarget(
                name: "\(module)Fuzzer",
                dependencies: ["FuzzRunner", "Encodings", .byName(name: module)],
                path: "Tests/Fuzz/\(module)Fuzzer",
                swiftSettings: settings,
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
            )
        )
    }
}
