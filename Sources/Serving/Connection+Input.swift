internal import Bytes
internal import HTTPWire

/// From the kernel to the handler.
extension Connection {
    /// Reads what is there, a bounded number of times, and hands it on.
    func readOn() {
        var scratch = worker.takeScratch()
        defer { worker.giveBack(scratch: scratch) }
        for _ in 0 ..< worker.limits.readsPerTurnMax {
            guard let bytesMax = readBytes, !isClosedByPeer || state.appetite == .drain else { return }
            scratch.removeAll(keepingCapacity: true)
            switch receive(&scratch, bytesMax) {
            case .bytes(let count):
                take(scratch)
                // A short read emptied the socket.
                if count < bytesMax { return }
            case .wouldBlock:
                return
            case .ended:
                return streamEnded()
            case .lost:
                return lose(.reset)
            }
        }
    }

    /// How much to read at once; nil: nothing.
    private var readBytes: Int? {
        switch state.appetite {
        case .handshake, .head:
            worker.limits.headReadBytes
        case .body where !state.isPaused:
            // Little reaches beyond the request; what does waits in memory.
            Int(
                min(
                    max(reader.wireBytesExpected, UInt64(worker.limits.headReadBytes)),
                    UInt64(worker.limits.bodyReadBytes)))
        case .drain:
            worker.limits.bodyReadBytes
        case .none, .body, .rest, .answer:
            nil
        }
    }

    private func receive(_ buffer: inout [UInt8], _ bytesMax: Int) -> Transport.Outcome {
        switch transport {
        case .some(let transport): transport.receive(into: &buffer, bytesMax: bytesMax)
        case .none: .lost
        }
    }

    /// Takes bytes as they came from the transport.
    func take(_ input: [UInt8]) {
        if state.appetite == .drain {
            if !state.drained(bytes: input.count, now: now) { close() }
        } else if preface != nil {
            takePreface(input)
        } else if speaksTLS {
            takeCiphertext(input)
        } else {
            takePlaintext(input)
        }
    }

    /// Takes bytes of HTTP.
    func takePlaintext(_ input: [UInt8]) {
        isPumping = true
        let consumed = process(input.span)
        isPumping = false
        keep(input, from: consumed)
    }

    func streamEnded() {
        if state.streamEnded() {
            tell(.closedEarly)
            pump()
        } else {
            close()
        }
    }

    /// Goes on with what was read already, after a response that came from outside.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        var input: [UInt8] = []
        swap(&input, &leftover)
        let start = leftoverStart
        leftoverStart = 0
        let consumed = process(input.span.extracting(droppingFirst: start))
        isPumping = false
        keep(input, from: start + consumed)
        settle()
    }

    private func keep(_ input: [UInt8], from start: Int) {
        guard start < input.count else { return }
        switch state.appetite {
        case .drain:
            // Read before the drain began, counted as part of it.
            if !state.drained(bytes: input.count - start, now: now) { close() }
        case .none, .handshake, .head, .body, .rest, .answer:
            guard !state.isClosed else { return }
            leftover = input.span.extracting(droppingFirst: start).copied()
        }
    }

    /// Hands on as much of the input as the present phases ask for; how much that was.
    private func process(_ input: Span<UInt8>) -> Int {
        var offset = 0
        while true {
            switch state.appetite {
            case .none, .handshake, .drain:
                return offset
            case .answer:
                guard pending != nil else { return offset }
                flush()
            case .head, .body, .rest:
                if offset == input.count, reader.position == .betweenRequests { return offset }
                let rest = input.extracting(droppingFirst: offset)
                let (event, consumed) = reader.next(rest)
                offset += consumed
                handle(event, rest)
                switch event {
                case .head, .data, .end: continue
                case .incomplete: break
                case .refused: offset = input.count
                }
                // The input is used up: an answer that was waiting for the rest of its request waits no longer.
                guard pending != nil else { return offset }
                flush()
            }
        }
    }

    private func handle(_ event: WireEvent, _ input: Span<UInt8>) {
        guard let handler else { return }
        switch event {
        case .incomplete:
            if reader.position == .inHead { state.headBegan(now: now) }
        case .head(let head):
            state.headComplete(head, now: now)
            if let bytes = reader.takeHeadBytes() {
                handler.head(head, bytes: bytes.span, connection: self)
            } else {
                handler.head(head, bytes: input, connection: self)
            }
        case .data(let range):
            if state.bodyArrived(bytes: range.count, now: now) { handler.body(input.extracting(range)) }
        case .end:
            if state.bodyComplete() { handler.bodyEnd() }
        case .refused(let refusal):
            switch state.appetite {
            case .head: refuse(handler.wireRefusal(refusal, origin: reader.origin))
            case .body: tell(.malformed(refusal), otherwise: refusal)
            case .none, .handshake, .rest, .answer, .drain: break
            }
        }
    }
}
