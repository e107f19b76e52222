import Glibc

/// The surroundings of a test run: addresses of servers to test against.
///
/// `./observer test` sets all of it. A suite that needs a server is declared `.enabled(if: TestEnvironment.has(.database))`
/// and one that runs a program `.enabled(if: TestEnvironment.has(program: "/usr/bin/ffmpeg"))`: on a machine without it
/// the suite is skipped, but with OBSERVER_TEST_REQUIRED=1 it runs and fails, so that a test run
/// which is meant to be complete cannot pass by skipping.
public enum TestEnvironment {
    /// A server and the variable that gives its address.
    public enum Server: String, Sendable, CaseIterable {
        case database = "OBSERVER_TEST_DATABASE_URL"
        case amqp = "OBSERVER_TEST_AMQP_URL"
        case s3 = "OBSERVER_TEST_S3_ENDPOINT"
        case rclone = "OBSERVER_TEST_RCLONE_ENDPOINT"
        case nginx = "OBSERVER_TEST_NGINX"
        case python = "OBSERVER_TEST_PYTHON"
    }

    /// A server that a test needs is not given.
    public struct Missing: Error, CustomStringConvertible {
        /// The variable to set.
        public let variable: String

        /// Names the variable.
        public var description: String { "\(variable) is not set; ./observer test sets it" }
    }

    /// True if tests that need the server shall run.
    public static func has(_ server: Server) -> Bool {
        variable(server.rawValue) != nil || isRequired
    }

    /// True if tests that run this program shall run.
    public static func has(program path: String) -> Bool {
        access(path, X_OK) == 0 || isRequired
    }

    private static var isRequired: Bool { variable("OBSERVER_TEST_REQUIRED") == "1" }

    /// The address of a server.
    public static func address(of server: Server) throws -> String {
        try required(server.rawValue)
    }

    /// A variable that has to be set.
    public static func required(_ name: String) throws -> String {
        guard let value = variable(name) else { throw Missing(variable: name) }
        return value
    }

    /// A variable; nil when it is not set or empty.
    public static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The text of a file of the source tree.
    public static func text(of path: String) throws -> String {
        let file = open("\(repository)/\(path)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Missing(variable: path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The root of the source tree.
    public static var repository: String {
        var path = #filePath.split(separator: "/")
        path.removeLast(3)
        return "/" + path.joined(separator: "/")
    }
}
