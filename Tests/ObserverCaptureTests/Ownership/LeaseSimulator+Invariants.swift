import System

@testable import ObserverCapture

/// The limits that hold in each step and, once all is calm, in the end.
extension LeaseSimulator {
    func isOpen(_ index: Int) -> Bool {
        nodes[index].isAwake(at: now) && nodes[index].lease.verdict(at: instant) == .open
    }

    func writes(_ index: Int, _ camera: Int) -> Bool {
        (nodes[index].cameras[camera].map { now >= $0 } ?? false) && isOpen(index)
    }

    mutating func check() {
        let isAnswering = now >= databaseAwayUntil
        let open = nodes.indices.filter { isOpen($0) }
        for index in open where now - nodes[index].frozenUntil < Self.step && now - nodes[index].frozenSince > 8 {
            guard let incarnation = nodes[index].lease.incarnation, !isCurrent(nodes[index].name, incarnation) else {
                continue
            }
            problems.append("\(index) was fenced and writes on as soon as it wakes, at \(now)")
        }
        let isOneHealthy = nodes.contains { $0.isAwake(at: now) && $0.healthySince != nil && $0.drainingUntil == nil }
        for camera in assignments.indices {
            let writers = open.filter { nodes[$0].cameras[camera].map { now >= $0 } ?? false }
            let isCalm = isAnswering && isOneHealthy && disturbedAt < now - dark[camera]
            dark[camera] = writers.isEmpty && isCalm ? dark[camera] + Self.step : 0
            if dark[camera] > 20 { problems.append("camera \(camera) was without a recorder for 20 s at \(now)") }
            let informed = writers.filter { reaches($0) || (now >= brokerAwayUntil && now >= nodes[$0].brokerCutUntil) }
            doubled[camera] = writers.count > 1 && informed.count == writers.count ? doubled[camera] + Self.step : 0
            if doubled[camera] > 11 { problems.append("camera \(camera) had two recorders for 11 s at \(now)") }
        }
    }

    mutating func checkEnd() {
        let counts = nodes.filter(\.isRunning).map { node in assignments.count { $0.recorder == node.name } }
        if let most = counts.max(), let least = counts.min(), most - least > 1 { problems.append("unfair: \(counts)") }
        for camera in assignments.indices {
            let writers = nodes.indices.filter { writes($0, camera) }.map { nodes[$0].name }
            if writers != [assignments[camera].recorder] {
                problems.append("\(camera) is written by \(writers), not by \(assignments[camera])")
            }
        }
    }
}
