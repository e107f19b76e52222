import ObserverCore
import ObserverStore

extension MetricsAPI {
    /// Writes how far the catalogue in the bucket is, and what its last comparison with the rows found.
    static func writeCatalogue(_ request: WebRequest, to metrics: inout MetricsText) throws {
        let state = try MetricsStore(request.database).catalogue()
        metrics.gauge("observer_catalogue_working", "1 while the catalogue is written to the bucket without trouble.")
        metrics.sample("observer_catalogue_working", state.isKept ? 1 : 0)
        metrics.gauge("observer_catalogue_numbered_timestamp_seconds", "When its number was raised last.")
        metrics.sample("observer_catalogue_numbered_timestamp_seconds", seconds(state.numberedAt))
        if let since = state.failedSince {
            metrics.gauge("observer_catalogue_failed_since_timestamp_seconds", "When its trouble began.")
            metrics.sample("observer_catalogue_failed_since_timestamp_seconds", seconds(since))
        }
        metrics.gauge("observer_catalogue_hours", "Hours that have changed since their manifest was written.")
        metrics.sample("observer_catalogue_hours", state.changedHours)
        if let oldest = state.oldestChange {
            metrics.gauge("observer_catalogue_oldest_change_timestamp_seconds", "The oldest of these changes.")
            metrics.sample("observer_catalogue_oldest_change_timestamp_seconds", seconds(oldest))
        }
        try writeComparison(request, to: &metrics)
    }

    /// Writes what the last comparison found that went through all days; nothing before the first.
    private static func writeComparison(_ request: WebRequest, to metrics: inout MetricsText) throws {
        guard let run = try CatalogueRunStore(request.database).latest(.watch), let end = run.endedAt else { return }
        metrics.gauge("observer_catalogue_compared_timestamp_seconds", "When rows and bucket had been compared last.")
        metrics.sample("observer_catalogue_compared_timestamp_seconds", seconds(end))
        metrics.gauge("observer_catalogue_compared", "Recordings that it compared, by what it found.")
        for verdict in CatalogueVerdict.allCases {
            let labels = [(name: "class", value: verdict.rawValue)]
            metrics.sample("observer_catalogue_compared", run.report[verdict.rawValue], labels: labels)
        }
    }

    private static func seconds(_ time: Timestamp) -> Double { Double(time.milliseconds) / 1000 }
}
