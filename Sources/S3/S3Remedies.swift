import Encodings
import HTTPClient

/// A change with which a refused request is sent once more.
enum S3Remedy: Hashable, Sendable {
    /// Without an optional part.
    case leaveOut(S3Capabilities.Part)
    /// Signed with the store's clock: so many seconds since 1970.
    case clock(Int64)
    /// Signed with a newer access key.
    case renew
    /// To the place that the store names.
    case move(S3Place)
}

/// The second chances of one request: each is taken once, so that no store keeps a request going in circles.
struct S3Remedies: Sendable {
    /// A request as it was sent.
    struct Attempt: Sendable {
        let method: String
        /// The optional parts it had, in the order in which they are given up.
        let parts: [S3Capabilities.Part]
        let place: S3Place
        let path: String
        /// The time of its signature, in seconds since 1970.
        let signedAt: Int64
    }

    /// The parts that were given up, in order.
    private(set) var leftOut: [S3Capabilities.Part] = []
    /// The parts that the store named when it refused them.
    private(set) var named: Set<S3Capabilities.Part> = []
    private var hasTakenClock = false
    private var hasMoved = false
    private var hasRenewed = false

    /// Chooses the change that can help against a refusal; nil where none can.
    mutating func next(
        after error: S3Error,
        _ response: HTTPClientResponse,
        to attempt: Attempt
    ) -> S3Remedy? {
        if !hasRenewed, Self.isAboutKey(error) {
            hasRenewed = true
            return .renew
        }
        if !hasTakenClock, let theirs = clock(error, response, to: attempt) {
            hasTakenClock = true
            return .clock(theirs)
        }
        if !hasMoved, let place = place(error, response, to: attempt) {
            hasMoved = true
            return .move(place)
        }
        guard let part = part(error, response, to: attempt) else { return nil }
        leftOut.append(part)
        return .leaveOut(part)
    }

    /// The parts that a store is known to lack after it took the request without those that were given up.
    ///
    /// Those in front of the last may have been innocent, unless the store named them.
    var lacking: [S3Capabilities.Part] {
        leftOut.filter { $0 == leftOut.last || named.contains($0) }
    }

    // MARK: Choices

    /// Returns true where a newer access key can help: this one has expired, or is not known (any more).
    private static func isAboutKey(_ error: S3Error) -> Bool {
        error.kind == .credentials || ["InvalidAccessKeyId", "InvalidToken"].contains(error.code ?? "")
    }

    /// The store's clock, where ours explains the refusal.
    ///
    /// Not every store names the reason, and none can in the response to a HEAD: there a difference of clocks is taken for
    /// it. However far apart they are, the store's clock is the one that its signatures are held against.
    private func clock(_ error: S3Error, _ response: HTTPClientResponse, to attempt: Attempt) -> Int64? {
        guard error.kind == .clockSkew || error.kind == .refused,
            let theirs = response.header("date").flatMap({ HTTPDate.seconds($0) })
        else { return nil }
        return error.kind == .clockSkew || abs(theirs - attempt.signedAt) > 240 ? theirs : nil
    }

    /// The place that the store names as that of the bucket.
    private func place(_ error: S3Error, _ response: HTTPClientResponse, to attempt: Attempt) -> S3Place? {
        if [301, 302, 307, 308].contains(response.status), let location = response.header("location"),
            let place = attempt.place.redirected(to: location, path: attempt.path)
        {
            return error.region.flatMap { place.moved(to: $0) } ?? place
        }
        return error.region.flatMap { attempt.place.moved(to: $0) }
    }

    /// The part of the request that the store may not know.
    private mutating func part(
        _ error: S3Error,
        _ response: HTTPClientResponse,
        to attempt: Attempt
    ) -> S3Capabilities.Part? {
        guard let first = attempt.parts.first, Self.isAboutForm(error, attempt) else { return nil }
        let words = String(decoding: response.body.prefix(4096), as: UTF8.self).lowercased()
        guard let named = attempt.parts.first(where: { words.contains($0.header) }) else { return first }
        self.named.insert(named)
        return named
    }

    /// Returns true for a refusal that can be about a header: 400 and 501 without a code that speaks of something else.
    ///
    /// The response to a HEAD has no code; where the checksum needs the right to decrypt, it is 403.
    private static func isAboutForm(_ error: S3Error, _ attempt: Attempt) -> Bool {
        switch error.status {
        case 400: error.kind == .refused && !otherMatters.contains(error.code ?? "")
        case 501: true
        case 403: attempt.method == "HEAD"
        default: false
        }
    }

    private static let otherMatters: Set<String> = [
        "AuthorizationHeaderMalformed", "EntityTooLarge", "EntityTooSmall", "ExpiredToken", "InvalidAccessKeyId",
        "InvalidBucketName", "InvalidStorageClass", "InvalidTag", "InvalidToken", "KeyTooLongError",
        "MissingContentLength",
        "TokenRefreshRequired", "QuotaExceeded", "TooManyBuckets",
    ]
}

extension S3Capabilities.Part {
    /// The header by which a store names the part; one that is no header has none that occurs.
    fileprivate var header: String {
        switch self {
        case .conditionalPut: "if-none-match"
        case .checksum: "x-amz-checksum-sha256"
        case .checksumMode: "x-amz-checksum-mode"
        case .confirmation, .md5ETag, .headObject, .headBucket, .getObject, .metadata, .deleteObjects: "\0"
        }
    }
}
