import FastCGIWire

/// Reads one input of libFuzzer as a connection, in steps whose length the first byte tells, and once as a whole.
///
/// Stops the fuzzer if both do not come to the same.
func testOneInput(_ start: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: size)
    guard let step = bytes.first else { return 0 }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[1...])
    let whole = read(rest, step: rest.count + 1)
    let parts = read(rest, step: Int(step) % 64 + 1)
    precondition(whole == parts)
    return 0
}

private struct Outcome: Equatable {
    var parameters: [String: [UInt8]]?
    var isComplete: Bool
    var isAborted: Bool
    var error: FastCGIWireError?
}

private func read(_ bytes: UnsafeRawBufferPointer, step: Int) -> Outcome {
    var reader = FastCGIRequestReader()
    var error: FastCGIWireError?
    var position = 0
    while position < bytes.count, error == nil {
        let end = min(position + step, bytes.count)
        do throws(FastCGIWireError) {
            try reader.take(UnsafeRawBufferPointer(rebasing: bytes[position..<end]))
        } catch let found {
            error = found
        }
        position = end
    }
    if let parameters = reader.parameters {
        precondition(parameters.count <= FastCGIRequestReader.countLimit)
        let sum = parameters.reduce(0) { $0 + $1.key.utf8.count + $1.value.count }
        precondition(sum <= FastCGIRequestReader.parametersLimit)
    }
    return Outcome(
        parameters: reader.parameters,
        isComplete: reader.isComplete,
        isAborted: reader.isAborted,
        error: error
    )
}
