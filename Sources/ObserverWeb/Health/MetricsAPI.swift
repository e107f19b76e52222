package import HTTPTypes
import ObserverCore
import ObserverStore

/// Numbers for monitoring: recorders, uploaders, failed uploads, retention, the catalogue.
///
/// Programs on this machine need no token; nginx says whose request it is. Nothing in it is secret, but names of recorders are
/// nobody else's business.
package enum MetricsAPI {
    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        if !isLoopback(request.http.remoteAddress) {
            let authenticator = request.context.authenticator
            // Ignored: whoever may read may read this.
            _ = try authenticator.authorise(request.http, as: .viewer, in: request.database)
        }
        _ = try request.query([])
        var metrics = MetricsText()
        try writeRecorders(request, to: &metrics)
        write(try UploaderStore(request.database).list(), to: &metrics)
        metrics.gauge("observer_uploads_failed", "Recordings that the store refused three times.")
        metrics.sample("observer_uploads_failed", try FailedUploadStore(request.database).count())
        try writeRetention(request, to: &metrics)
        try writeCatalogue(request, to: &metrics)
        var response = HTTPResponse(contentType: MetricsText.contentType, body: Array(metrics.text.utf8))
        response.set(.cacheControl, "no-store")
        return response
    }

    /// Returns true for an address of this machine alone.
    static func isLoopback(_ text: String) -> Bool {
        if text == "::1" { return true }
        let plain = text.hasPrefix("::ffff:") ? String(text.dropFirst("::ffff:".count)) : text
        guard !plain.contains(":"), let address = IPAddress(plain) else { return false }
        return address.bytes.count == 4 && address.bytes.first == 127
    }

    // MARK: Parts

    private static func writeRecorders(_ request: WebRequest, to metrics: inout MetricsText) throws {
        let recorders = try RecorderStore(request.database).list()
        metrics.gauge("observer_recorder_up", "1 while the heartbeat of a recorder is fresh.")
        for recorder in recorders {
            let isUp = recorder.state == .alive
            metrics.sample("observer_recorder_up", isUp ? 1 : 0, labels: [("recorder", recorder.id)])
        }
        metrics.gauge("observer_recorder_load", "Processors that a recorder keeps busy.")
        for recorder in recorders {
            metrics.sample("observer_recorder_load", recorder.load, labels: [("recorder", recorder.id)])
        }
        metrics.gauge("observer_cameras", "Cameras by recorder and state; without a recorder the name is empty.")
        for group in try MetricsStore(request.database).cameras() {
            let labels = [(name: "recorder", value: group.recorder), (name: "state", value: group.state.rawValue)]
            metrics.sample("observer_cameras", group.count, labels: labels)
        }
    }

    private static func write(_ uploaders: [UploaderListing], to metrics: inout MetricsText) {
        func write(_ name: String, _ help: String, value: (UploaderListing) -> Double?) {
            let name = "observer_uploader_\(name)"
            metrics.gauge(name, help)
            for uploader in uploaders {
                guard let value = value(uploader) else { continue }
                metrics.sample(name, value, labels: labels(uploader))
            }
        }
        write("up", "1 while the reports of an uploader are fresh.") { $0.state == .alive ? 1 : 0 }
        write("report_age_seconds", "The age of its last report.") { Double($0.reportAgeMilliseconds) / 1000 }
        write("backlog_files", "Segments in the spool that are not in the store.") { Double($0.report.backlogFiles) }
        write("backlog_bytes", "Their size; of many by a sample.") { Double($0.report.backlogBytes) }
        write("backlog_seconds", "Their length; of many by a sample.") {
            Double($0.report.backlogMilliseconds) / 1000
        }
        write("oldest_age_seconds", "The age of the oldest of them when it was reported; 0 without any.") { uploader in
            guard let oldest = uploader.report.oldestAt else { return 0 }
            return max(0, Double(uploader.reportedAt.milliseconds) - Double(oldest.milliseconds)) / 1000
        }
        write("bytes_per_second", "Bytes a second that were stored lately.") { Double($0.report.rate) }
        write("free_bytes", "Room on the disk of the spool.") { Double($0.report.freeBytes) }
        write("full_in_seconds", "The time until the disk of the spool is full; absent while it is not filling.") {
            guard let full = $0.fullAt else { return nil }
            return max(0, Double(full.milliseconds) - Double($0.reportedAt.milliseconds)) / 1000
        }
        metrics.gauge("observer_uploader_store", "1 for the present state of the store.")
        for uploader in uploaders {
            for state in StoreState.allCases {
                let labels = labels(uploader) + [(name: "state", value: state.rawValue)]
                metrics.sample("observer_uploader_store", uploader.report.store == state ? 1 : 0, labels: labels)
            }
        }
        writeDestinations(uploaders, to: &metrics)
    }

    private static func writeDestinations(_ uploaders: [UploaderListing], to metrics: inout MetricsText) {
        func write(_ name: String, _ help: String, is holds: (DestinationReport) -> Bool) {
            metrics.gauge(name, help)
            for uploader in uploaders {
                for report in uploader.report.destinations {
                    let labels = labels(uploader) + [(name: "destination", value: report.destination.word)]
                    metrics.sample(name, holds(report) ? 1 : 0, labels: labels)
                }
            }
        }
        write("observer_uploader_destination_working", "1 while the destination takes segments.") {
            $0.state == .working && !$0.isPassedOver
        }
        write("observer_uploader_destination_passed_over", "1 while another destination takes its place.") {
            $0.isPassedOver
        }
    }

    private static func labels(_ uploader: UploaderListing) -> [(name: String, value: String)] {
        [("uploader", uploader.name), ("spool", uploader.spoolID.description)]
    }

    private static func writeRetention(_ request: WebRequest, to metrics: inout MetricsText) throws {
        let status = try RetentionStatusStore(request.database).read()
        metrics.gauge("observer_retention_working", "1 while observer-retention runs without trouble.")
        metrics.sample("observer_retention_working", status.holder != nil && status.error == nil ? 1 : 0)
        if let planned = status.plannedAt {
            metrics.gauge("observer_retention_planned_timestamp_seconds", "When it planned last.")
            metrics.sample("observer_retention_planned_timestamp_seconds", Double(planned.milliseconds) / 1000)
        }
        metrics.gauge("observer_retention_deletions", "Deletions that are not done, by state.")
        let counts = try MetricsStore(request.database).deletions()
        for state in DeletionRecord.State.allCases where state != .done {
            metrics.sample("observer_retention_deletions", counts[state] ?? 0, labels: [("state", state.rawValue)])
        }
    }
}
