package import Crypto
package import ObserverConfiguration
import Lifecycle
import ObserverExport
import ObserverCore

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
    /// Signs manifests; nil where the library made none of the installation's key.
    package let key: SigningKey?

    package init(_ configuration: WebConfiguration, source: SegmentSource) {
        self.source = source
        key = try? SigningKey(seed: configuration.sealingKey.expanded(for: ExportManifest.keyPurpose))  // asked for later
    }

    /// The path of the socket that nginx sends exports to: beside that of pages.
    package static func socket(beside path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "export.sock" }
        return path[...slash] + "export.sock"
    }
}
