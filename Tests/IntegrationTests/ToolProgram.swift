import Glibc
import TemporaryFolders
import TestSupport
import Testing

/// `observerctl` beside the tests, wherever they were built.
enum ToolProgram {
    /// The outcome of a run.
    struct Run {
        let code: Int32
        let output: String
        let errors: String
    }

    /// Runs it with these settings and no others.
    static func run(_ arguments: String, input: String = "", environment: String) throws -> Run {
        let place = TemporaryFolder()
        defer { place.remove() }
        let folder = place.path
        let script = """
            cd \(folder)
            printf '%s\\n' '\(input)' > in
            env -i \(environment) \(program) \(arguments) < in > out 2> err
            """
        var status: Int32 = 0
        waitpid(try PrivateBroker.spawn(script), &status, 0)
        return Run(
            code: status >> 8 & 0xFF,
            output: try take("\(folder)/out"),
            errors: try take("\(folder)/err")
        )
    }

    private static func take(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static var program: String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let folder = bundle.map { $0.split(separator: "/").dropLast().joined(separator: "/") }
        return folder.map { "/\($0)/observerctl" } ?? "\(TestEnvironment.repository)/.build/debug/observerctl"
    }
}
