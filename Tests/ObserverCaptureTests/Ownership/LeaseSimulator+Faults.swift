import SeededNumbers

@testable import ObserverCapture

/// Faults: kills, freezes, restarts, ends in order, cuts, outages, slow rounds.
extension LeaseSimulator {
    mutating func fault() {
        nextFault = now + Double.random(in: 1...45, using: &generator)
        disturbedAt = now
        let index = Int.random(in: nodes.indices, using: &generator)
        let length = min(Double.random(in: 0.5...40, using: &generator), Self.calm - now)
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: kill(index, for: Double.random(in: 0.5...3, using: &generator))
        case 1: kill(index, for: length)
        case 2, 3: freeze(index, for: min(length, 30))
        case 4: databaseAwayUntil = now + length
        case 5: nodes[index].databaseCutUntil = now + length
        case 6:
            nodes[index].databaseCutUntil = now + length
            nodes[index].brokerCutUntil = now + length
        case 7: terminate(index)
        default:
            nodes[index].slowUntil = now + length
            if Bool.random(using: &generator) { brokerAwayUntil = now + length }
        }
        note("fault at \(index), \(length)")
    }

    private mutating func kill(_ index: Int, for length: Double) {
        guard nodes[index].isRunning else { return }
        let name = nodes[index].name
        var node = Node(name: name, lease: Lease(name: name), cameras: .init(repeating: nil, count: cameraCount))
        node.isRunning = false
        node.restartAt = now + length
        node.databaseCutUntil = nodes[index].databaseCutUntil
        node.brokerCutUntil = nodes[index].brokerCutUntil
        nodes[index] = node
        note("kill \(index)")
    }

    private mutating func freeze(_ index: Int, for length: Double) {
        guard nodes[index].isRunning else { return }
        if now >= nodes[index].frozenUntil { nodes[index].frozenSince = now }
        nodes[index].frozenUntil = now + length
        nodes[index].troubledAt = now + length
        nodes[index].healthySince = nil
        note("freeze \(index)")
    }

    private mutating func terminate(_ index: Int) {
        guard nodes[index].isAwake(at: now), nodes[index].drainingUntil == nil else { return }
        note("terminate \(index)")
        let canHandOver = nodes[index].lease.hasSuccessor && reaches(index)
        guard canHandOver, let incarnation = nodes[index].lease.incarnation, isCurrent(nodes[index].name, incarnation)
        else { return stop(index) }
        nodes[index].drainingUntil = now + 10
        rows[nodes[index].name]?.isDraining = true
    }

    mutating func stop(_ index: Int) {
        let name = nodes[index].name
        if reaches(index), let incarnation = nodes[index].lease.incarnation, isCurrent(name, incarnation) {
            rows[name]?.isDraining = true
            rows[name]?.hasStopped = true
            for camera in assignments.indices where assignments[camera].recorder == name {
                assignments[camera].recorder = nil
            }
        }
        disturbedAt = now
        kill(index, for: Double.random(in: 1...10, using: &generator))
    }
}
