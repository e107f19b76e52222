import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The page of storage and its forms.
///
/// Each form ends in a redirect; one with errors comes back with what was typed.
package enum StoragePageHandlers {
    /// The finished deletions that the page shows.
    private static let mostDeletions = 20
    /// The changes that the page shows.
    private static let mostChanges = 20

    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        try answer(request)
    }

    // MARK: Rules

    @Sendable package static func saveRule(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        do {
            let policy = try StorageForms(fields).policy()
            _ = try RetentionPolicyStore(request.database).set(policy, by: try request.actor())
            return request.redirect(Links.storage + "#rules", done: .ruleSaved)
        } catch let wrong as FieldErrors {
            return try answer(request, StorageForms(fields, errors: wrong.errors), status: 422)
        }
    }

    /// Shows what a rule would delete, and saves nothing.
    @Sendable package static func preview(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        do {
            let policy = try StorageForms(fields).policy()
            let stored = try RetentionPolicyStore(request.database).list().map(\.policy)
            let tried = stored.filter { $0.scope != policy.scope } + [policy]
            let preview = try RetentionPreview(policies: tried, at: request.now, from: request.database)
            return try answer(request, StorageForms(fields), preview: preview)
        } catch let wrong as FieldErrors {
            return try answer(request, StorageForms(fields, errors: wrong.errors), status: 422)
        }
    }

    @Sendable package static func deleteRule(_ request: WebRequest) throws -> HTTPResponse {
        _ = try RetentionAPI.deletePolicy(request)
        return request.redirect(Links.storage + "#rules", done: .ruleDeleted)
    }

    // MARK: Deletions

    @Sendable package static func approve(_ request: WebRequest) throws -> HTTPResponse {
        _ = try RetentionAPI.approve(request)
        return request.redirect(Links.storage, done: .deletionApproved)
    }

    @Sendable package static func pause(_ request: WebRequest) throws -> HTTPResponse {
        _ = try RetentionAPI.pause(request)
        return request.redirect(Links.storage, done: .deletionPaused)
    }

    // MARK: Holds

    @Sendable package static func hold(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        do {
            _ = try HoldsAPI.create(StorageForms(fields).hold, request)
            return request.redirect(Links.storage + "#holds", done: .held)
        } catch let wrong as FieldErrors {
            return try answer(request, StorageForms(fields, errors: wrong.errors), status: 422)
        }
    }

    @Sendable package static func release(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        do {
            _ = try HoldsAPI.release(["reason": .string(fields["reason"] ?? "")], request)
            return request.redirect(Links.storage + "#holds", done: .released)
        } catch let wrong as FieldErrors {
            return try answer(request, StorageForms(FormFields(), errors: wrong.errors), status: 422)
        }
    }

    private static func answer(
        _ request: WebRequest,
        _ forms: StorageForms = StorageForms(),
        preview: RetentionPreview? = nil,
        status: Int = 200
    ) throws -> HTTPResponse {
        let database = request.database
        let content = StoragePage.Content(
            storage: try StorageStore(database).read(),
            status: try RetentionStatusStore(database).read(),
            policies: try RetentionPolicyStore(database).list(),
            deletions: try DeletionStore(database).list(limit: mostDeletions),
            holds: try HoldStore(database).list(),
            failedUploads: try FailedUploadStore(database).count(),
            locked: try LockedSegmentStore(database).sum(),
            changes: try RetentionHistoryStore(database).list(limit: mostChanges)
        )
        let viewer = try request.signedIn()
        let page = StoragePage(content, forms: forms, preview: preview, viewer: viewer, now: request.now)
        return try request.answer(page, status: status)
    }
}
