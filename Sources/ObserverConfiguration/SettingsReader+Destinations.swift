import Glibc
import ObserverCore
import S3

/// The destinations besides home.
extension SettingsReader {
    /// The destinations and the number of those that must have a segment.
    struct Destinations {
        var all: [DestinationConfiguration] = []
        var copies = 1
        /// The addresses of the stores besides home.
        var endpoints: [S3Endpoint] = []
    }

    /// Reads the destinations, home first, and how many copies there are to be.
    ///
    /// - Parameters:
    ///   - home: The store of home; nil if its settings are wrong.
    ///   - certificates: The file of authorities of home.
    /// - Returns: All that are set right, and the number of copies.
    mutating func destinations(home: S3Configuration?, certificates: String?) -> Destinations {
        var found = Destinations()
        if let home { found.all.append(DestinationConfiguration(.home, home, certificates: certificates)) }
        let hasSecond = add(.second, .second, to: &found)
        if add(.third, .third, to: &found), !hasSecond {
            note(DestinationSettings.second.bucket, "is not set, but \(DestinationSettings.third.bucket.name) is")
        }
        let count = 1 + (hasSecond ? 1 : 0) + (isGiven(DestinationSettings.third.bucket) ? 1 : 0)
        found.copies = integer(.copies)
        if found.copies > count {
            let there = count == 1 ? "there is 1 destination" : "there are \(count) destinations"
            reject("\(found.copies)", for: .copies, because: there)
        }
        return found
    }

    /// Adds a destination; returns true if it is set, also where it is set wrong.
    private mutating func add(
        _ destination: Destination,
        _ settings: DestinationSettings,
        to found: inout Destinations
    ) -> Bool {
        guard isGiven(settings.bucket) else {
            if let given = settings.all.first(where: { isGiven($0) }) {
                note(settings.bucket, "is not set, but \(given.name) is")
            }
            return false
        }
        let before = problems.count
        let endpoint = endpoint(settings.endpoint)
        if let endpoint { found.endpoints.append(endpoint) }
        let bucket = bucket(settings.bucket)
        let addressing = addressing(settings.addressing, at: endpoint)
        let certificates = certificates(settings.certificates)
        let credentials = credentials(settings)
        guard problems.count == before, let credentials else { return true }
        let s3 = S3Configuration(
            endpoint: endpoint,
            region: text(settings.region),
            bucket: bucket,
            addressing: addressing,
            credentials: credentials
        )
        let isSame = found.all.contains { other in
            (other.s3.place.authority, other.s3.place.basePath, other.s3.bucket)
                == (s3.place.authority, s3.place.basePath, s3.bucket)
        }
        if isSame {
            reject(bucket, for: settings.bucket, because: "another destination is the same bucket of the same store")
        }
        found.all.append(DestinationConfiguration(destination, s3, certificates: certificates))
        return true
    }

    /// The addresses of all stores, which no camera may have.
    mutating func endpoints() -> [S3Endpoint] {
        [.endpoint, DestinationSettings.second.endpoint, DestinationSettings.third.endpoint].compactMap { endpoint($0) }
    }
}
