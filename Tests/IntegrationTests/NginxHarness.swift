import TemporaryFolders
import Glibc
import TestSupport
import Testing

/// One nginx of a test's own: the project's configuration in a folder, on a free loopback port.
struct NginxHarness {
    /// The headers that every answer carries.
    static let headers = [
        "Content-Security-Policy: default-src 'none';", "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        "Cross-Origin-Opener-Policy: same-origin", "Cross-Origin-Resource-Policy: same-origin", "X-Frame-Options: DENY",
        "Permissions-Policy: ",
    ]

    let address: String
    let port: Int
    /// Holds `run/web.sock`, where the responder is looked for, and `spool/`.
    let folder: String
    private let place = TemporaryFolder()
    private let program: String

    /// Renders the configuration.
    ///
    /// - Parameters:
    ///   - host: The host of the public address.
    ///   - store: The first store.
    ///   - settings: Further settings, as `export` takes them; `$PWD` is the folder.
    ///   - hasTLS: A certificate for `one.example` in the folder, `pair.pem` and `pair.key`, is used.
    ///   - trustsLoopback: False for a test that stands for a machine elsewhere.
    /// - Throws: The renderer's own words, if it refuses a setting.
    init(
        host: String = "observer.localhost",
        store: String = "http://127.0.0.1:9",
        settings: String = "",
        hasTLS: Bool = false,
        trustsLoopback: Bool = true
    ) throws {
        program = try #require(
            getenv("OBSERVER_TEST_NGINX").map { String(cString: $0) },
            "OBSERVER_TEST_NGINX is missing"
        )
        folder = place.path
        let port = try FreePort.next()
        address = "\(hasTLS ? "https" : "http")://127.0.0.1:\(port)"
        self.port = port
        let pair = hasTLS ? "OBSERVER_TLS_CERTIFICATE=$PWD/pair.pem OBSERVER_TLS_KEY=$PWD/pair.key" : ""
        let repository = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let result = try Self.shell(
            """
            set -e; cd \(folder); chmod 0755 .; mkdir run temp static spool
            # nginx's workers run under another user when root starts it, and a clone can lie in a folder of mode 0700.
            cp -r \(repository)/nginx/errors errors; chmod -R a+rX errors
            export OBSERVER_LISTEN=127.0.0.1 OBSERVER_PORT=\(port) OBSERVER_HOST='\(host)' OBSERVER_RUN=\(folder)/run
            export OBSERVER_TEMP=\(folder)/temp OBSERVER_STATIC=\(folder)/static
            export OBSERVER_ERRORS=\(folder)/errors OBSERVER_SPOOL=\(folder)/spool
            \(hasTLS ? Self.newPair("one.example") : "")
            export S3_ENDPOINT=\(store) \(pair) \(settings)
            \(repository)/scripts/render-nginx \(repository)/nginx \(folder)
            \(trustsLoopback ? "" : "sed -i /127.0.0.0.8/d nginx/proxies.conf nginx.conf")
            """
        )
        guard result.status == 0 else {
            end()
            throw ShellError(output: result.output)
        }
    }

    /// The commands that write a new certificate with its key into the folder.
    static func newPair(_ name: String) -> String {
        """
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=\(name) \
            -addext subjectAltName=DNS:\(name),IP:127.0.0.1 -keyout pair.key -out pair.pem 2> /dev/null
        chmod a+r pair.key pair.pem
        """
    }

    /// Runs a script in the folder, with `request` to send what stands in standard input as it is.
    func run(_ script: String) throws -> String {
        try Self.shell(
            """
            cd \(folder)
            request() { exec 3<> /dev/tcp/127.0.0.1/\(port); cat >&3; timeout 10 cat <&3; exec 3>&-; }
            \(script)
            """
        ).output
    }

    /// The words of `nginx -t`.
    func check() throws -> (status: Int32, output: String) { try Self.shell("\(command) -t") }

    /// The rendered configuration.
    func configuration() throws -> String { try Self.shell("cat \(folder)/nginx.conf \(folder)/nginx/*.conf").output }

    /// Starts nginx and waits until it answers.
    func start() throws {
        let result = try Self.shell(
            """
            \(command) >> \(folder)/out 2>&1 < /dev/null & echo $! > \(folder)/pid
            for i in {1..100}; do (exec 3<>/dev/tcp/127.0.0.1/\(port)) 2>/dev/null && exit 0; sleep 0.05; done
            cat \(folder)/out; exit 1
            """
        )
        try #require(result.status == 0, "\(result.output)")
    }

    /// One request by curl: the head and the body of the answer.
    func request(_ arguments: String) throws -> String {
        try Self.shell("curl -s -k -i --max-time 10 \(arguments)").output
    }

    /// The log of nginx, once it tells of `text`: it gathers lines for up to a second.
    func log(with text: String) throws -> String {
        try Self.shell(
            "for i in {1..50}; do grep -qF '\(text)' \(folder)/out && break; sleep 0.1; done; cat \(folder)/out"
        ).output
    }

    func end() {
        _ = try? Self.shell("kill $(cat \(folder)/pid) 2>/dev/null")  // nil: nothing was started
    }

    private var command: String { "\(program) -p \(folder) -e stderr -c \(folder)/nginx.conf" }

    /// Runs a script in bash; its exit status and what it wrote.
    static func shell(_ script: String) throws -> (status: Int32, output: String) {
        let quoted = script.replacing("'", with: "'\\''")
        let pipe = try #require(popen("exec /bin/bash -c '\(quoted)' 2>&1", "r"))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { output += buffer.prefix(count) }
        // Without carriage returns: Swift takes CR LF for one character.
        return (pclose(pipe), String(decoding: output.filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self))
    }
}

struct ShellError: Error { let output: String }

extension String {
    /// How often a text occurs.
    func occurrences(of text: String) -> Int { ranges(of: text).count }
}
