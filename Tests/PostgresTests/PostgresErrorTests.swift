import Testing

@testable import Postgres

@Suite struct PostgresErrorTests {
    @Test func `a description has codes and never the words of the server`() {
        let error = PostgresError(
            .uniqueViolation,
            sqlState: "23505",
            constraint: "users_name_key",
            serverMessage: "Key (name)=(secret) already exists"
        )
        #expect("\(error)".contains("23505") && "\(error)".contains("users_name_key"))
        #expect(!"\(error)".contains("secret"))
        #expect(error.debugDescription.contains("secret"))
    }

    @Test func `a detail takes the place of the kind's sentence and keeps the codes`() {
        #expect(
            PostgresError(.misuse, "a transaction inside a transaction").detail == "a transaction inside a transaction"
        )
        #expect(PostgresError(.server, sqlState: "XX000").detail == "the server reported an error (SQLSTATE XX000)")
    }

    @Test(arguments: [
        ("FATAL:  password authentication failed for user \"x\"", PostgresError.Kind.authentication),
        ("FATAL:  database \"x\" does not exist", .unknownDatabase), ("connection refused", .unavailable),
        ("", .unavailable), ("FATAL:  unsupported startup parameter: options", .pooler),
        ("FATAL:  no such user: x", .authentication), ("FATAL:  no such database: x", .unknownDatabase),
        ("server does not support SSL, but SSL was required", .encryption),
        ("root certificate file \"/x\" does not exist", .encryption),
        ("SSL error: certificate verify failed", .encryption), ("SSL SYSCALL error: EOF detected", .unavailable),
    ])
    func `a refused connection is known by its words`(message: String, kind: PostgresError.Kind) {
        #expect(PostgresError(refusal: message).kind == kind)
    }

    @Test(arguments: [
        ("23505", PostgresError.Kind.uniqueViolation, false), ("40001", .interrupted, true),
        ("57014", .interrupted, true),
        ("57P01", .overloaded, true), ("53300", .overloaded, true), ("42P01", .schema, false),
        ("22001", .invalidValue, false),
        ("28P01", .authentication, false), ("08006", .connectionLost, true), ("XX000", .server, false),
    ])
    func `each code has its kind`(state: String, kind: PostgresError.Kind, isTemporary: Bool) {
        #expect(PostgresError.Kind(sqlState: state) == kind)
        #expect(PostgresError(kind).isTemporary == isTemporary)
    }
}
