package import ObserverConfiguration
package import ObserverStore
package import S3

/// Decides how recordings are deleted from a bucket, out of its answers and of the setting.
package enum BucketTerms {
    /// The answers of the store.
    package struct Answers: Sendable {
        package var versioning: Result<S3Versioning, S3Error>
        /// True if a deletion has left a delete marker: it keeps versions, whatever it says or does not say.
        package var hasMarkers: Bool
        /// The refusal to list versions; nil where that succeeded or was not asked for.
        package var listRefusal: S3Error?
        package var objectLock: Result<Bool, S3Error>

        package init(
            versioning: Result<S3Versioning, S3Error>,
            hasMarkers: Bool = false,
            listRefusal: S3Error? = nil,
            objectLock: Result<Bool, S3Error> = .success(false)
        ) {
            self.versioning = versioning
            self.hasMarkers = hasMarkers
            self.listRefusal = listRefusal
            self.objectLock = objectLock
        }

        /// True if there may be versions; a bucket that does not tell has none until it leaves a marker.
        package var hasVersions: Bool {
            if hasMarkers { return true }
            if case .success(let versioning) = versioning { return versioning != .off }
            return false
        }
    }

    /// The decision.
    package enum Verdict: Hashable, Sendable {
        case usable(RetentionBucketState)
        /// The reason, as a sentence.
        case unusable(String)
    }

    package static func decide(_ answers: Answers, _ policy: S3VersionPolicy) -> Verdict {
        if case .failure(let error) = answers.versioning, !isRight(error), !error.isUnknownRequest, !answers.hasMarkers
        {
            return .unusable("the store: \(error.detail)")
        }
        var state = RetentionBucketState(versions: .none)
        if case .success(true) = answers.objectLock { state.hasObjectLock = true }
        if answers.hasVersions {
            switch policy {
            case .keep: state.versions = .kept
            case .delete:
                if let refusal = answers.listRefusal {
                    guard isRight(refusal) || refusal.isUnknownRequest else {
                        return .unusable("the store: \(refusal.detail)")
                    }
                    return .unusable(versionsKept)
                }
                state.versions = .deleted
            }
        } else if case .failure = answers.versioning {
            state.versions = .unknown
        }
        return .usable(state)
    }

    /// True for an answer that stays so until somebody changes the rights.
    private static func isRight(_ error: S3Error) -> Bool { error.kind == .refused }

    private static let versionsKept = """
        the bucket keeps versions and the access key may not list them, so that deleting frees nothing; give it \
        s3:ListBucketVersions and s3:DeleteObjectVersion, or set OBSERVER_S3_VERSIONS=keep if rules of the bucket remove \
        old versions
        """
}
