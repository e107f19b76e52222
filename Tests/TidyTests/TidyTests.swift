import Testing

/// The rules of the tree that the compiler does not hold.
///
/// A message names the file and what to do.
@Suite struct TidyTests {
    /// Modules that compute and do not act.
    private static let pure: Set = ["Errors", "Encodings", "MP4", "RTP", "RTSP", "ObserverCore"]
    private static let libraries: Set = [
        "Errors", "Encodings", "System", "Logging", "Lifecycle", "Crypto", "HTTPTypes", "FastCGI", "HTTPRouting",
        "Mustache", "Postgres", "AMQP", "HTTPClient", "S3", "RTP", "RTSP", "MP4", "ConnectionGuard", "Media",
        "LibraryMedia",
    ]
    private static let services: Set = [
        "ObserverWeb", "ObserverCapture", "ObserverMedia", "ObserverUpload", "ObserverRetention",
    ]
    private static let cModules = [
        "CFastCGI": "FastCGI", "CLibPQ": "Postgres", "CRabbitMQ": "AMQP", "CLibCurl": "HTTPClient",
        "CLibAV": "LibraryMedia",
        "CLibCrypto": "Crypto", "CConnectionGuard": "ConnectionGuard",
    ]
    /// Modules that a source file may import besides those of the package.
    private static let system: Set = ["Glibc", "Synchronization", "FoundationEssentials"]

    private let sources = Tree.swift("Sources", "workers")

    private func module(of path: String) -> String {
        let parts = path.split(separator: "/")
        return parts.first == "workers" ? "observer-\(parts[1])" : String(parts[1])
    }

    @Test func `each C library is behind one module`() {
        for file in sources {
            for name in Tree.imports(file) {
                guard let owner = Self.cModules[name] else { continue }
                #expect(module(of: file.path) == owner, "\(file) imports \(name); only \(owner) may")
            }
        }
    }

    @Test func `libraries know nothing of Observer`() {
        for file in sources where Self.libraries.contains(module(of: file.path)) {
            let foreign = Tree.imports(file).filter { $0.hasPrefix("Observer") || $0 == "Spool" }
            #expect(foreign.isEmpty, "\(file) imports \(foreign)")
        }
    }

    @Test func `pure modules import the pure ground floor alone`() {
        for file in sources where Self.pure.contains(module(of: file.path)) {
            let others = Tree.imports(file).filter { $0 != "Encodings" && $0 != "Errors" }
            #expect(others.isEmpty, "\(file) imports \(others)")
        }
    }

    @Test func `services never import each other`() {
        for file in sources where Self.services.contains(module(of: file.path)) {
            let others = Tree.imports(file).filter { Self.services.contains($0) }
            #expect(others.isEmpty, "\(file) imports \(others)")
        }
    }

    @Test func `only the small Foundation is linked`() {
        let own = Set(Tree.names(in: "Sources"))
        for file in sources {
            let foreign = Tree.imports(file).filter { !own.contains($0) && !Self.system.contains($0) }
            #expect(foreign.isEmpty, "\(file) imports \(foreign); FoundationEssentials is the most")
        }
    }

    @Test func `every unchecked promise says why it is safe`() {
        for file in sources {
            for (index, line) in file.lines.enumerated() {
                guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") else { continue }
                let above = file.lines[max(0, index - 14)...index].joined(separator: "\n")
                #expect(above.contains("Safe:"), "\(file):\(index + 1) needs a comment with `Safe:`")
            }
        }
    }

    @Test func `the environment is read in one place`() {
        for file in sources where module(of: file.path) != "ObserverConfiguration" {
            for (index, line) in file.lines.enumerated() {
                let reads = line.contains("getenv(") || line.contains("ProcessInfo") || line.hasSuffix(" environ")
                #expect(!reads, "\(file):\(index + 1) reads the environment; ObserverConfiguration does that")
            }
        }
    }

    @Test func `bad input stops nothing`() {
        for file in sources {
            for (index, line) in file.lines.enumerated() {
                for word in ["try!", "fatalError(", " as! ", "DispatchSemaphore", "Task {", "Thread.sleep"] {
                    #expect(!line.contains(word), "\(file):\(index + 1) has `\(word)`")
                }
            }
        }
    }

    @Test func `nothing is left unfinished`() {
        // Spelled in halves, so that this file keeps its own rule.
        let marks = ["TO" + "DO", "FIX" + "ME"]
        for file in Tree.swift("Sources", "workers", "Tests") {
            for (index, line) in file.lines.enumerated() {
                for mark in marks { #expect(!line.contains(mark), "\(file):\(index + 1) has \(mark)") }
            }
        }
    }

    @Test func `files and functions have a size one can read`() {
        for file in sources {
            #expect(file.lines.count <= 450, "\(file) has \(file.lines.count) lines; is it still one thing?")
            for (name, length) in Self.functions(file) {
                #expect(length <= 70, "\(file): \(name) has \(length) lines")
            }
        }
    }

    @Test func `main is one call`() {
        for file in sources where file.path.hasSuffix("/main.swift") {
            let code = file.lines.filter { !$0.isEmpty && !$0.hasPrefix("//") && !$0.contains("import ") }
            #expect(code.count <= 2, "\(file) does more than call the module")
        }
    }

    /// Names and lengths of functions, found by indentation, which the formatter keeps.
    private static func functions(_ file: Tree.File) -> [(String, Int)] {
        var result: [(String, Int)] = []
        for (index, line) in file.lines.enumerated() {
            guard let range = line.firstRange(of: "func "), !line.contains("//") else { continue }
            let indentation = line.prefix { $0 == " " }
            guard let end = file.lines[index...].firstIndex(where: { $0 == "\(indentation)}" }) else { continue }
            result.append((String(line[range.upperBound...].prefix { $0 != "(" && $0 != "<" }), end - index + 1))
        }
        return result
    }
}
