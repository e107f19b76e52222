/// Requests of the camera: some end the connection when nobody answers them.
extension RTSPSession {
    mutating func takeRequest(_ name: String, _ message: RTSPMessage) {
        cameraRequests &+= 1
        note(.cameraRequest)
        let method = RTSPMethod(rawValue: name.uppercased())
        switch method {
        case .options: respond(to: message, headers: ["Public: OPTIONS, ANNOUNCE, GET_PARAMETER, SET_PARAMETER"])
        case .getParameter, .setParameter, .playNotify: respond(to: message)
        case .announce:
            respond(to: message)
            let description = SessionDescription(message.body)
            guard !description.media.isEmpty, description != announced ?? self.description,
                events.count < RTSPLimits.events
            else { return }
            announced = description
            events.append(.announced(description))
        case .redirect:
            respond(to: message)
            if phase != .tearingDown { redirect(message, status: 302) }
        case .tearDown:
            respond(to: message)
            if phase != .tearingDown { fail(RTSPError(.closed, "the camera ended the session")) }
        case .describe, .setUp, .play, .pause, .record, nil:
            respond(to: message, status: "501 Not Implemented")
        }
    }

    private mutating func respond(to message: RTSPMessage, status: String = "200 OK", headers: [String] = []) {
        var text = "RTSP/1.0 \(status)\r\n"
        if let number = message.header("cseq"), number.utf8.count <= 32 { text += "CSeq: \(number)\r\n" }
        if let session = message.header("session"), session.utf8.count <= 512 { text += "Session: \(session)\r\n" }
        for header in headers { text += header + "\r\n" }
        send(text + "\r\n")
    }
}
