import System

extension S3Client {
    /// Puts a small object exactly as recordings are put, and again, to find out what the store has and what it lacks.
    ///
    /// It needs no right that the upload of recordings does not need; the object stays.
    ///
    /// - Parameter upload: The object. Under a key that is taken, only the comparison with what is there is tried.
    /// - Returns: The findings.
    /// - Throws: ``S3Error``, as the upload of a recording would meet it.
    public func probe(_ upload: S3Upload) throws(S3Error) -> S3ProbeResult {
        var upload = upload
        upload.onlyIfAbsent = true
        do {
            let object = try store(upload)
            return S3ProbeResult(proof: object.proof, condition: try condition(upload), metadata: metadata(upload))
        } catch {
            guard error.kind == .preconditionFailed else { throw error }
        }
        let found = try wait { (done: @escaping Completion<S3Comparison>) in
            compare(upload, isThere: true, completion: done)
        }
        guard case .same(let object) = found else {
            throw S3Error(.malformed, "another object lies under the key of the probe")
        }
        return S3ProbeResult(proof: object.proof, condition: .honoured, metadata: metadata(upload))
    }

    private func condition(_ upload: S3Upload) throws(S3Error) -> S3ProbeResult.Condition {
        do {
            try put(upload)
            return capabilities[.conditionalPut] == false ? .refused : .ignored
        } catch {
            guard error.kind == .preconditionFailed else { throw error }
            return .honoured
        }
    }

    /// True if the store gives back metadata, false if it drops them; nil where the access key may not look.
    private func metadata(_ upload: S3Upload) -> Bool? {
        guard let expected = upload.metadata.first, capabilities.allows(.headObject, now: .now()),
            let info = try? head(upload.key)
        else { return nil }
        let isThere = info.metadata[expected.name] == expected.value
        learn(.metadata, isThere: isThere)
        return isThere
    }
}
