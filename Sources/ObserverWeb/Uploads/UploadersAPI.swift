import Encodings
package import HTTPTypes
import ObserverCore
import ObserverStore

/// The list of uploaders, as JSON.
package enum UploadersAPI {
    /// All uploaders, by name.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        _ = try request.query([])
        let uploaders = try UploaderStore(request.database).list()
        var json = JSONWriter(capacity: 4096)
        json.array { json in
            for uploader in uploaders { write(uploader, to: &json) }
        }
        return .json(json)
    }

    private static func write(_ uploader: UploaderListing, to json: inout JSONWriter) {
        let report = uploader.report
        json.object { json in
            json.field("spool_id") { uploader.spoolID.append(to: &$0) }
            json.field("name", uploader.name)
            json.field("state", uploader.state.rawValue)
            json.field("started_at", time: uploader.startedAt)
            json.field("reported_at", time: uploader.reportedAt)
            json.field("report_age_seconds", Double(uploader.reportAgeMilliseconds) / 1000)
            json.field("backlog_files", report.backlogFiles)
            json.field("backlog_bytes", report.backlogBytes)
            json.field("backlog_seconds", Double(report.backlogMilliseconds) / 1000)
            json.field("oldest_at", time: report.oldestAt)
            json.field("store_state", report.store.rawValue)
            json.field("store_detail", report.storeDetail)
            json.array("destinations") { json in
                for destination in report.destinations { write(destination, to: &json) }
            }
            json.field("bytes_per_second", report.rate)
            json.field("free_bytes", report.freeBytes)
            json.field("full_at", time: uploader.fullAt)
        }
    }

    private static func write(_ report: DestinationReport, to json: inout JSONWriter) {
        json.object { json in
            json.field("destination", report.destination.word)
            json.field("state", report.state.rawValue)
            json.field("detail", report.detail)
            json.field("passed_over", report.isPassedOver)
        }
    }
}
