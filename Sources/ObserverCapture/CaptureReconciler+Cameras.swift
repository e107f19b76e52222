import Logging
import ObserverCore
import ObserverStore
import Postgres
import System

extension CaptureReconciler {
    private static let claimBatch = 32

    /// Claims, hands over, and starts and ends recorders.
    ///
    /// - Returns: The cameras of this recorder.
    func reconcile(
        _ connection: PostgresConnection,
        incarnation: Int64,
        _ crew: inout CameraCrew
    ) throws(PostgresError) -> [RecorderStore.AssignedCamera] {
        let store = RecorderStore(connection)
        try claim(store, incarnation: incarnation, &crew)
        try handOver(store, incarnation: incarnation, crew)
        let assigned = opened(try store.assignedCameras(to: context.recorder, incarnation: incarnation))
        let own = Set(assigned.map(\.camera.id))
        crew.assigned(own, incarnation: incarnation)
        ownership.begin()
        try start(assigned, &crew, connection: connection)
        for item in assigned where !item.camera.isActive || item.isDeleted {
            crew.recorders.end(item.camera.id, .off)
        }
        crew.handOvers.update(recorded: crew.recorders.running, own: own, at: .now())
        if !crew.handOvers.cameras.isEmpty {
            endHandOvers(&crew, taken: try store.taken(crew.handOvers.cameras, from: context.recorder))
        }
        try noteOff(assigned, crew, connection: connection)
        crew.recorders.tick()
        crew.recorders.forgetEnded()
        return assigned
    }

    private func claim(
        _ store: RecorderStore,
        incarnation: Int64,
        _ crew: inout CameraCrew
    ) throws(PostgresError) {
        var limit = ownership.lease.claimLimit(at: .now())
        while limit > 0 {
            let wanted = min(limit, Self.claimBatch)
            let claims = try store.claimOrphans(for: context.recorder, incarnation: incarnation, limit: wanted)
            let lease = ownership.update { lease in
                lease.claimed(claims.count)
                return lease
            }
            for claim in claims {
                crew.claimed(claim.cameraID, isComingOver: claim.predecessor.map(lease.isHandingOver) ?? false)
            }
            guard claims.count == wanted else { return }
            limit -= claims.count
        }
    }

    /// Gives one camera to a recorder that has fewer.
    private func handOver(
        _ store: RecorderStore,
        incarnation: Int64,
        _ crew: CameraCrew
    ) throws(PostgresError) {
        let lease = ownership.lease
        guard let peer = lease.handOverTarget(at: .now()), let theirs = lease.incarnation(of: peer) else { return }
        let leaving = Set(crew.handOvers.cameras)
        let assigned = opened(try store.assignedCameras(to: context.recorder, incarnation: incarnation))
        guard let camera = assigned.last(where: { !$0.isDeleted && !leaving.contains($0.camera.id) })?.camera.id else {
            return
        }
        let isGiven = try store.handOver(
            camera,
            from: (context.recorder, incarnation),
            to: (peer, theirs)
        )
        guard isGiven else { return }
        ownership.update { $0.handedOver(to: peer, at: .now()) }
        logger.info(
            "Camera handed over",
            [.cameraID: .int(Int(camera.rawValue)), .peerID: .string(peer)]
        )
    }

    private func start(
        _ assigned: [RecorderStore.AssignedCamera],
        _ crew: inout CameraCrew,
        connection: PostgresConnection
    ) throws(PostgresError) {
        var plans: [RecorderPlan] = []
        for item in assigned where item.camera.isActive && !item.isDeleted {
            let plan = RecorderPlan(
                camera: item.camera,
                password: password(of: item.camera.id, sealed: item.sealedPassword),
                epoch: item.epoch
            )
            if crew.recorders.needs(plan) { plans.append(plan) }
        }
        let new = plans.map(\.camera).filter { !crew.recorders.has($0.id) }
        let known = try knowledge.known(new, connection)
        for var plan in plans {
            let id = plan.camera.id
            if !crew.recorders.has(id) {
                plan.known = known[id] ?? KnownCoverage(wantedSince: plan.camera.updatedAt)
                plan.known?.isHandedOver = crew.isComingOver(id)
            }
            crew.recorders.start(plan)
        }
        crew.settle()
    }

    private func noteOff(
        _ assigned: [RecorderStore.AssignedCamera],
        _ crew: CameraCrew,
        connection: PostgresConnection
    ) throws(PostgresError) {
        let off = assigned.filter { item in
            !item.camera.isActive && !item.isDeleted && crew.recorders.mustNoteOff(item.camera)
        }
        let known = try knowledge.known(off.map(\.camera), connection)
        for item in off {
            crew.recorders.noteOff(item.camera, epoch: item.epoch, known: known[item.camera.id])
        }
    }
}
