import System
import Crypto
package import HTTPTypes
package import HTTPRouting
package import Logging
import ObserverCore
import Postgres

/// The mapping from errors to problems, for pages and API alike.
package enum ErrorResponses {
    /// The seconds after which clients try again while a dependency is unreachable.
    private static let retryAfter = "5"
    private static let warningInterval = Duration.seconds(10)
    private static let lastWarning = Lock<MonotonicInstant?>(nil)

    /// The problem that answers a request; errors that the caller did not cause are logged with the request's number.
    package static func problem(_ error: any Error, to request: HTTPRequest, logger: Logger) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as FieldErrors: return fields(error)
        case let error as PostgresError: return database(error, to: request, logger: logger)
        case let error as CryptoError where error.kind == .unavailable:
            logger.warning("Request not answered for want of memory", [.error: LogValue(error)])
            return Problem(503, "There is not enough memory for this now. Try again in a few seconds.")
                .with(.retryAfter, retryAfter)
        default: return unexpected(error, to: request, logger: logger)
        }
    }

    private static func fields(_ error: FieldErrors) -> Problem {
        let names = error.errors.keys.sorted().joined(separator: ", ")
        let isOne = error.errors.count == 1
        return Problem(
            422,
            "\(isOne ? "A field is" : "\(error.errors.count) fields are") not right: \(names). Nothing was changed.",
            errors: error.errors
        )
    }

    private static func database(_ error: PostgresError, to request: HTTPRequest, logger: Logger) -> Problem {
        switch error.kind {
        case .unavailable, .connectionLost, .deadline, .interrupted, .overloaded, .authentication, .unknownDatabase,
            .configuration, .encryption, .pooler, .schema, .forbidden:
            if mayWarn() {
                logger.warning("Database not available", [.error: LogValue(error)])
            }
            return Problem(503, "The database is not available. Recording goes on. Try again in a few seconds.")
                .with(.retryAfter, retryAfter)
        case .uniqueViolation, .foreignKeyViolation:
            return Problem(409, "This does not fit what is stored already; read it again and repeat the change.")
        case .invalidValue, .server, .decoding, .misuse:
            return unexpected(error, to: request, logger: logger)
        }
    }

    /// Returns true if the last warning about the database is long enough ago: pages ask every few seconds while it is
    /// away.
    private static func mayWarn() -> Bool {
        let now = MonotonicInstant.now()
        return lastWarning.withLock { last in
            if let last, now - last < warningInterval { return false }
            last = now
            return true
        }
    }

    private static func unexpected(_ error: any Error, to request: HTTPRequest, logger: Logger) -> Problem {
        let number = request.id ?? "-"
        logger.error(
            "Request failed",
            [
                .error: LogValue(error), .requestID: .string(number), .requestMethod: .string(request.method.rawValue),
                .requestPath: .string(request.path),
            ]
        )
        return Problem(500, "Something went wrong here. The log tells more under request \(number).")
    }
}
