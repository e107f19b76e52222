/// The settings of a camera: every member that they can write, except the password.
///
/// A new instance is a camera before anything has been said of it: its members are the defaults of the API and the form.
/// A new member comes with a row of ``CameraField/all`` below, with its SQL (`CameraStore`, `CameraColumn`) and with a
/// migration; everything else follows from the row.
package struct CameraSettings: Hashable, Sendable {
    package static let segmentSecondsRange = 2...300

    package var name = ""
    package var location = ""
    package var locationDetails: String?
    /// Without user name and password.
    package var url = ""
    package var username: String?
    /// A smaller stream of the same camera, with the same user name and password; not recorded yet.
    package var subURL: String?
    package var isActive = false
    package var segmentSeconds = 10
    package var transport = Transport.tcp
    /// The certificates that are good enough: `any`, `system`, `pinned`, or `pinned:` and a SHA-256.
    package var tls = CameraField.anyCertificate
    package var audio = AudioMode.off
    package var retentionDays = 30
    /// Decides which cameras are claimed first and which ones pause last on a full disk.
    package var priority = 0
    package var tags: [String] = []

    package init() {}
}

extension CameraField {
    /// Every field of a camera, in the order of its JSON, of its columns and, within a group, of its form.
    package static let all: [CameraField] = [
        CameraField("id", kind: .number, label: "Number") { .integer($0.id.rawValue) },
        CameraField(
            "name",
            member: \.name,
            kind: .text(longest: 100),
            group: .camera,
            isRequired: true,
            label: "Name"
        ),
        CameraField(
            "location",
            member: \.location,
            kind: .text(longest: 100),
            group: .camera,
            isRequired: true,
            label: "Location"
        ),
        CameraField(
            "location_details",
            member: \.locationDetails,
            kind: .text(longest: 500),
            group: .camera,
            label: "Details",
            hint: "Where exactly it hangs: the stand, the floor, the door."
        ),
        CameraField(
            "url",
            member: \.url,
            kind: .url(credentials: .split),
            group: .stream,
            isRequired: true,
            label: "Address",
            hint: """
                A user name and a password in it are taken out and stored separately. A password elsewhere in it is stored \
                encrypted, and viewers see *** there.
                """,
            example: "rtsp://192.0.2.10/stream1"
        ),
        CameraField(
            "username",
            member: \.username,
            kind: .code(longest: 128),
            group: .stream,
            label: "User name"
        ),
        CameraField(
            "password",
            column: "password_sealed",
            kind: .password(longest: 256),
            group: .stream,
            label: "Password",
            hint: "Stored encrypted and never shown again."
        ),
        CameraField(
            "is_active",
            member: \.isActive,
            kind: .truth,
            group: .recording,
            acceptsNull: false,
            label: "Record this camera"
        ),
        CameraField("version", kind: .number, label: "Version") { .integer($0.version) },
        CameraField(
            "sub_url",
            member: \.subURL,
            kind: .url(credentials: .refused),
            group: .stream,
            label: "Second address",
            hint:
                "A smaller stream of the same camera, under the same user name and password. Stored for now, not recorded.",
            example: "rtsp://192.0.2.10/stream2"
        ),
        CameraField(
            "segment_seconds",
            member: \.segmentSeconds,
            kind: .integer(CameraSettings.segmentSecondsRange, unit: "seconds"),
            group: .recording,
            label: "Segment length",
            hint: "Short segments reach the cloud sooner, long ones cost fewer requests."
        ),
        CameraField(
            "transport",
            member: \.transport,
            kind: .choice(Transport.choices),
            group: .stream,
            label: "RTSP transport"
        ),
        CameraField(
            "tls",
            member: \.tls,
            kind: .certificates,
            group: .stream,
            label: "Certificates",
            hint:
                "Where TLS is spoken: any; system, those that the recorder's system trusts; or pinned: and a SHA-256.",
            example: "any"
        ),
        CameraField(
            "audio",
            member: \.audio,
            kind: .choice(AudioMode.choices),
            group: .stream,
            label: "Audio"
        ),
        CameraField(
            "retention_days",
            member: \.retentionDays,
            kind: .integer(1...3650, unit: "days"),
            group: .recording,
            label: "Retention",
            hint: "Older recordings are deleted, unless a rule of the storage page says otherwise."
        ),
        CameraField(
            "priority",
            member: \.priority,
            kind: .integer(-100...100, unit: nil),
            group: .recording,
            label: "Priority",
            hint: "While the recorder's disk is full, cameras with a low number pause first."
        ),
        CameraField(
            "tags",
            member: \.tags,
            kind: .tags(most: 20, longest: 40),
            group: .camera,
            label: "Tags",
            hint: "Words to find it by."
        ),
        CameraField("status", column: nil, kind: .status, label: "Status"),
        CameraField("created_at", kind: .time, label: "Added") { .string($0.createdAt.rfc3339) },
        CameraField("updated_at", kind: .time, label: "Changed") { .string($0.updatedAt.rfc3339) },
    ]
}
