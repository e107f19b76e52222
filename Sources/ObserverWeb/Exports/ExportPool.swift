package import Crypto
package import ObserverConfiguration
import Lifecycle
import ObserverExport
import ObserverCore
import System

/// Stops exports when the program ends: each could go on for minutes.
final class ExportStopper: Service {
    let name = "export-stop"
    private let registry: ExportRegistry

    init(_ registry: ExportRegistry) {
        self.registry = registry
    }

    func run(until stop: StopSignal) {
        stop.wait()
        registry.cancelAll()
    }
}

/// All that exports share: the limits, the memory, the stores, the key for signatures.
package struct ExportPool: Sendable {
    /// The threads that send exports; two more than there are exports, so that somebody can say that there is no place.
    package static let threads = 8
    private static let limit = threads - 2
    /// The exports of one person or program at once.
    private static let limitOfOne = 4

    package let registry = ExportRegistry(limit: limit, limitOfOne: limitOfOne)
    package let memory = ExportMemory()
    package let source: SegmentSource
    /// Bounds the programs that make pictures at once.
    let stills = Semaphore(count: 2, waitingLimit: 4)
    /// The page that checks files, with its script, for archives.
    let verifier: [(name: String, bytes: [UInt8])]
    /// Signs manifests; nil where the library made none of the installation's key.
    package let key: SigningKey?

    package init(_ configuration: WebConfiguration, source: SegmentSource) {
        self.source = source
        // An archive without the page can be checked all the same.
        verifier = ["verify.html", "verify.js"].compactMap { name in
            let path = "\(configuration.templates)/static/\(name)"
            return (try? File.contents(of: path, limit: 1 << 20, followsLinks: true)).map { (name, $0) }
        }
        // Who asks for it later is told that there is none.
        key = try? SigningKey(seed: configuration.sealingKey.derived(for: ExportManifest.keyPurpose))
    }

    /// The path of the socket that nginx sends exports to: beside that of pages.
    package static func socket(beside path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "export.sock" }
        return path[...slash] + "export.sock"
    }
}
