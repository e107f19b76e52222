import Encodings
import System

/// An access key and the time for which it may be used.
struct S3CredentialLease: Sendable, Hashable {
    /// The time before the end at which a newer key is fetched.
    static let margin: Duration = .seconds(300)

    let credentials: S3Credentials
    /// The moment from which a newer key is wanted.
    let renewsAt: MonotonicInstant
    /// The moment from which the store refuses this one.
    let endsAt: MonotonicInstant

    /// Creates a lease that ends so long after `now`; nil for a key that does not end.
    ///
    /// A key of a short life is renewed in its middle.
    init(_ credentials: S3Credentials, lifetime: Duration?, now: MonotonicInstant) {
        self.credentials = credentials
        guard let lifetime else {
            (renewsAt, endsAt) = (.distantFuture, .distantFuture)
            return
        }
        endsAt = now + lifetime
        renewsAt = now + max(lifetime - Self.margin, lifetime / 2)
    }

    /// Returns the time between two moments as the issuer's clock tells them, whatever the clock of this machine says.
    ///
    /// - Parameters:
    ///   - expiration: The end in RFC 3339, `2026-11-26T18:00:00Z`.
    ///   - date: The `Date` of the response; nil for this machine's clock.
    /// - Returns: Nil for a text that is no such time; at most a week.
    static func lifetime(expiration: String, date: String?) -> Duration? {
        guard let end = seconds(expiration) else { return nil }
        let now = date.flatMap { HTTPDate.seconds($0) } ?? WallTime.now().seconds
        return .seconds(min(max(end - now, 0), 7 * 86_400))
    }

    /// Seconds since 1970 of a time in UTC; a fraction of a second is dropped.
    private static func seconds(_ text: String) -> Int64? {
        var reader = DigitReader(text)
        guard
            let year = reader.number(digits: 4), reader.skip("-"), let month = reader.number(digits: 2),
            reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T"), let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"), let second = reader.number(digits: 2),
            (1...12).contains(month), (1...CivilDate.days(inMonth: month, of: year)).contains(day)
        else { return nil }
        let date = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        return Int64(date * 86_400 + hour * 3600 + minute * 60 + second)
    }
}
