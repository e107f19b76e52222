import Encodings

/// The address of a bucket: its server, the form of its URLs, and the region of its signatures.
public struct S3Place: Sendable, Hashable {
    /// `http` or `https`.
    public let scheme: String
    /// Host and, where it is not the scheme's own, port.
    public internal(set) var authority: String
    /// The encoded path in front of every bucket and key, such as `/storage/v1/s3`; mostly empty.
    public let basePath: String
    /// The region of the signature: `eu-central-1`; `us-east-1` for most other stores.
    public internal(set) var region: String
    /// The bucket.
    public let bucket: String
    /// True if the bucket stands in the path, false if in the host.
    public let isPathStyle: Bool

    /// Finds the address of a bucket.
    ///
    /// - Parameters:
    ///   - endpoint: A store of one's own; nil for AWS.
    ///   - region: The region.
    ///   - bucket: The bucket.
    ///   - addressing: The form of URLs; nil for the usual one: by path at a store of one's own, by host at AWS unless the
    ///     bucket's name has a dot, which no certificate of AWS covers.
    init(endpoint: S3Endpoint?, region: String, bucket: String, addressing: S3Addressing?) {
        let server = endpoint?.authority ?? Self.server(region)
        let usual: S3Addressing = endpoint != nil || bucket.contains(".") ? .path : .host
        isPathStyle = (addressing ?? usual) == .path
        scheme = endpoint?.scheme ?? "https"
        authority = isPathStyle ? server : "\(bucket).\(server)"
        basePath = endpoint?.path ?? ""
        self.region = region
        self.bucket = bucket
    }

    /// Creates a place of AWS under a host that does not follow from bucket and region.
    init(host: String, region: String, bucket: String) {
        (scheme, authority, basePath, isPathStyle) = ("https", host, "", false)
        (self.region, self.bucket) = (region, bucket)
    }

    /// AWS's server of a region; regions of China are in a domain of their own.
    private static func server(_ region: String) -> String {
        "s3.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
    }

    /// Returns the encoded path of an object, or of the bucket for an empty key.
    public func path(_ key: String) -> String {
        let encoded = PercentEncoding.encode(key, keepsSlash: true)
        guard isPathStyle else { return "\(basePath)/\(encoded)" }
        return key.isEmpty ? "\(basePath)/\(bucket)" : "\(basePath)/\(bucket)/\(encoded)"
    }

    // MARK: Other places of the same bucket

    /// Returns the same bucket in another region; nil for a text that is the name of none, and for the present one.
    func moved(to region: String) -> S3Place? {
        let isName = region.utf8.allSatisfy { byte in
            switch byte {
            case 45, 48...57, 97...122: true
            default: false
            }
        }
        guard isName, (1...32).contains(region.utf8.count), region != self.region else { return nil }
        var place = self
        place.region = region
        // The region is part of the names of AWS's servers alone.
        let server = Self.server(self.region)
        if authority == server || authority.hasSuffix(".\(server)") {
            place.authority = authority.dropLast(server.utf8.count) + Self.server(region)
        }
        return place
    }

    /// Returns the place that a redirect leads to; nil unless it is the same owner's.
    ///
    /// A request to it is signed anew with the access key, so whoever writes a `Location` must not be able to have requests
    /// signed for others: the scheme, the port and the object must be the same, and the server below the one that is set.
    ///
    /// - Parameters:
    ///   - location: The header of the response.
    ///   - path: The encoded path that was asked for.
    /// - Returns: The place.
    func redirected(to location: String, path: String) -> S3Place? {
        guard location.hasPrefix("\(scheme)://") else { return nil }
        let rest = location.dropFirst(scheme.utf8.count + 3)
        let target = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let targetPath = rest.dropFirst(target.count).prefix { $0 != "?" && $0 != "#" }
        guard targetPath == path, let place = try? S3Endpoint("\(scheme)://\(target)") else { return nil }
        guard place.authority.lowercased() != authority.lowercased(),
            let server = server(in: place.authority.lowercased()), let own = self.server(in: authority.lowercased())
        else { return nil }
        // Below the same domain of AWS are the servers of all its customers, but the names of S3's own begin like this.
        let domain = [".amazonaws.com", ".amazonaws.com.cn"].first { own.hasSuffix($0) }
        let isFamily =
            domain.map { server.hasSuffix($0) && (server.hasPrefix("s3.") || server.hasPrefix("s3-")) }
            ?? (server == own || server.hasSuffix(".\(own)"))
        guard isFamily else { return nil }
        var moved = self
        moved.authority = place.authority
        return moved
    }

    /// The authority without the bucket; nil where it is of another one.
    private func server(in authority: String) -> String? {
        guard !isPathStyle else { return authority }
        return authority.hasPrefix("\(bucket).") ? String(authority.dropFirst(bucket.utf8.count + 1)) : nil
    }
}
