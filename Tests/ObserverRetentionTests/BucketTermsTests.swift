import ObserverConfiguration
import ObserverRetention
import ObserverStore
import S3
import Testing

@Suite struct BucketTermsTests {
    private let noRight = S3Error(.refused, "the access key lacks the right", status: 403, code: "AccessDenied")
    private let unknown = S3Error(.refused, "the store does not know a part of the request", status: 501)
    private let away = S3Error(.network, "no connection")

    private func usable(_ versions: RetentionBucketState.Versions, lock: Bool = false) -> BucketTerms.Verdict {
        .usable(RetentionBucketState(versions: versions, hasObjectLock: lock))
    }

    @Test func `a bucket without versions is used as it is`() {
        #expect(BucketTerms.decide(.init(versioning: .success(.off)), .delete) == usable(.none))
        #expect(BucketTerms.decide(.init(versioning: .success(.off)), .keep) == usable(.none))
    }

    @Test(arguments: [S3Versioning.enabled, .suspended])
    func `versions are deleted, left to the bucket's rules, or a reason to delete nothing`(versioning: S3Versioning) {
        var answers = BucketTerms.Answers(versioning: .success(versioning), objectLock: .success(true))
        #expect(BucketTerms.decide(answers, .delete) == usable(.deleted, lock: true))
        #expect(BucketTerms.decide(answers, .keep) == usable(.kept, lock: true))
        for refusal in [noRight, unknown] {
            answers.listRefusal = refusal
            guard case .unusable(let words) = BucketTerms.decide(answers, .delete) else {
                Issue.record("it is used")
                continue
            }
            #expect(words.contains("s3:ListBucketVersions") && words.contains("OBSERVER_S3_VERSIONS=keep"))
        }
        answers.listRefusal = away
        #expect(BucketTerms.decide(answers, .delete) == .unusable("the store: no connection"))
    }

    @Test func `a bucket that does not tell is used until it leaves a marker`() {
        for error in [noRight, unknown] {
            #expect(BucketTerms.decide(.init(versioning: .failure(error)), .delete) == usable(.unknown))
            let marked = BucketTerms.Answers(versioning: .failure(error), hasMarkers: true)
            #expect(BucketTerms.decide(marked, .delete) == usable(.deleted))
            #expect(BucketTerms.decide(marked, .keep) == usable(.kept))
        }
        #expect(BucketTerms.decide(.init(versioning: .failure(away)), .keep) == .unusable("the store: no connection"))
    }
}
