internal import Bytes
internal import HTTPWire
internal import TLS

/// What goes over a connection: performs what ``ExchangeState`` decides.
extension HTTPClient {
    /// A body leaves in writes of so many bytes when its source is that fast.
    private static let sendBytes = 65_536
    /// After so many writes the loop turns to others first.
    private static let writesPerTurnMax = 8

    // MARK: begin

    /// `connection` carries `transfer` from now on.
    func attach(_ transfer: HTTPTransfer, to connection: OutgoingConnection) {
        transfer.stage = .exchanging
        transfer.connection = connection
        connection.transfer = transfer
        if connection.requestCount == 0, connection.origin.isEncrypted {
            beginHandshake(transfer, connection)
        } else {
            begin(transfer, connection)
        }
    }

    private func beginHandshake(_ transfer: HTTPTransfer, _ connection: OutgoingConnection) {
        let context: TLSContext
        do {
            context = try trust()
        } catch {
            return fail(transfer, .tls, error.description)
        }
        guard connection.beginHandshake(context, resuming: connections.session(of: connection.origin))
        else { return fail(transfer, .other, "there is no memory for TLS") }
        look(at: transfer.due)
        updateWatch(connection)
    }

    private func begin(_ transfer: HTTPTransfer, _ connection: OutgoingConnection) {
        connection.requestCount += 1
        transfer.beginSending()
        let asksFirst = transfer.asksFirst(bytesMin: configuration.expectContinueBytesMin)
        transfer.state = ExchangeState(asksFirst: asksFirst)
        if asksFirst {
            transfer.askDeadline = driver.now + configuration.expectContinueMilliseconds
            look(at: transfer.due)
        }
        var buffer = takeBuffer()
        transfer.appendHead(to: &buffer, asksFirst: asksFirst)
        pump(transfer, buffer)
    }

    // MARK: send

    /// Sends `beginning` and what the source has, as far as the connection takes it.
    func pump(_ transfer: HTTPTransfer, _ beginning: consuming [UInt8]? = nil) {
        guard let connection = transfer.connection, connection.requestCount > 0 else { return }
        // What goes on when a source calls from inside goes on after it, too.
        guard transfer.source == .ready else { return }
        var buffer = beginning ?? takeBuffer()
        var sealed = takeBuffer(sealing: connection)
        var writes = 0
        connection.yields = false
        while pump(transfer, connection, &buffer, &sealed) {
            writes += 1
            if writes == Self.writesPerTurnMax {
                connection.yields = true
                break
            }
        }
        giveBack(buffer)
        giveBack(sealed)
        if !connection.isClosed { updateWatch(connection) }
    }

    /// One write. False: there is nothing more to do now.
    private func pump(
        _ transfer: HTTPTransfer, _ connection: OutgoingConnection, _ buffer: inout [UInt8], _ sealed: inout [UInt8]
    ) -> Bool {
        var supplied = HTTPTransfer.Supplied.bytes
        if transfer.state.sends, transfer.bodyRest > 0, !connection.hasBacklog {
            transfer.source = .asked
            supplied = transfer.supply(
                &buffer, bytesMax: buffer.count + Self.sendBytes, on: connection, sealed: &sealed)
            if supplied == .over { return false }
            transfer.source = supplied == .pending && transfer.source == .asked ? .paused : .ready
        }
        if !buffer.isEmpty {
            transfer.sent = .some
            connection.send(buffer.span, sealed: &sealed)
            buffer.removeAll(keepingCapacity: true)
        }
        if connection.isBroken {
            transfer.state.sendingBroke()
            readOn(connection)
            return false
        }
        if supplied == .failed {
            fail(transfer, .bodySource, "the source of the body has failed or ended too early")
            return false
        }
        guard transfer.state.sends, !connection.hasBacklog else { return false }
        if transfer.bodyRest == 0 {
            transfer.sent = .all
            settle(transfer, connection, transfer.state.sent())
            return false
        }
        return transfer.source == .ready
    }

    /// `connection` takes bytes again.
    func writeOn(_ connection: OutgoingConnection) {
        connection.flush()
        if let transfer = connection.transfer, connection.requestCount > 0 {
            pump(transfer)
        } else if connection.isBroken {
            readOn(connection)
        } else {
            updateWatch(connection)
        }
    }

    private func updateWatch(_ connection: OutgoingConnection) {
        let wantsWritable = connection.waitsForKernel && !connection.isBroken || connection.yields
        guard wantsWritable != connection.isWatchedForWriting else { return }
        connection.isWatchedForWriting = wantsWritable
        driver.watch(descriptor: connection.descriptor, readable: true, writable: wantsWritable)
    }

    // MARK: receive

    /// `connection` has bytes, or an end.
    func readOn(_ connection: OutgoingConnection) {
        var input = takeBuffer()
        var sealed = takeBuffer(sealing: connection)
        let wasHeldBack = connection.hasBacklog
        let received = connection.receive(into: &input, sealed: &sealed)
        giveBack(sealed)
        // A message of TLS that was in the way is complete.
        if wasHeldBack, !connection.hasBacklog, let transfer = connection.transfer { schedule(transfer) }
        if received == .bytes { take(input.span, connection) } else { end(connection, received) }
        giveBack(input)
    }

    private func take(_ input: Span<UInt8>, _ connection: OutgoingConnection) {
        guard let transfer = connection.transfer else {
            // Tickets of TLS may come at any time; nothing else is asked for.
            if !input.isEmpty || connection.ending != nil { close(connection) }
            return
        }
        if connection.isHandshaking { return updateWatch(connection) }
        if connection.requestCount == 0 {
            guard input.isEmpty else {
                return fail(transfer, .malformedResponse, "the server answered before it was asked")
            }
            begin(transfer, connection)
        }
        if !input.isEmpty, isOn(transfer, connection) { take(input, transfer, connection) }
        guard !connection.isClosed else { return }
        if let ending = connection.ending { end(connection, ending) } else { updateWatch(connection) }
    }

    private func isOn(_ transfer: HTTPTransfer, _ connection: OutgoingConnection) -> Bool {
        transfer.stage == .exchanging && connection.transfer === transfer
    }

    private func take(_ input: Span<UInt8>, _ transfer: HTTPTransfer, _ connection: OutgoingConnection) {
        var rest = input
        while isOn(transfer, connection) {
            let (event, consumed) = transfer.reader.next(rest)
            let here = rest
            rest = rest.extracting(droppingFirst: consumed)
            switch event {
            case .incomplete: return
            case .interim(let status):
                if status == 100, transfer.state.isAsking {
                    transfer.askDeadline = nil
                    transfer.state.continued()
                    schedule(transfer)
                }
            case .head(let head):
                transfer.take(head, of: here)
                transfer.askDeadline = nil
                settle(transfer, connection, transfer.state.head(status: head.status, keepsAlive: head.keepsAlive))
                if transfer.state.sends { schedule(transfer) }
            case .data(let range):
                guard transfer.take(body: here.extracting(range)) else {
                    return fail(transfer, .responseTooLarge, "the answer is longer than expected")
                }
            case .end:
                return settle(transfer, connection, transfer.state.answerEnded(keeps: rest.isEmpty))
            case .refused(let refusal):
                return fail(transfer, .malformedResponse, refusal.detail)
            }
        }
    }

    // MARK: the end

    private func settle(
        _ transfer: HTTPTransfer, _ connection: OutgoingConnection, _ outcome: ExchangeState.Outcome
    ) {
        switch outcome {
        case .goesOn: break
        case .answered(let keeps):
            transfer.connection = nil
            finish(transfer, .success(transfer.response))
            release(connection, keeps: keeps)
        case .asksNoMore:
            transfer.mayAsk = false
            sendAgain(transfer, connection)
        case .answeredTooEarly:
            let status = transfer.state.status ?? 0
            fail(transfer, .malformedResponse, "the server answered \(status) before it had the body")
        case .lost:
            fail(transfer, .connectionLost, "the server closed the connection before its answer was complete")
        }
    }

    private func end(_ connection: OutgoingConnection, _ received: OutgoingConnection.Received) {
        switch received {
        case .nothing, .bytes: updateWatch(connection)
        case .ended: ended(connection, nil)
        case .lost(let why): ended(connection, why)
        case .refused(let failure): refused(connection, failure)
        }
    }

    /// The stream of `connection` has ended: `why`, or as it should.
    private func ended(_ connection: OutgoingConnection, _ why: String?) {
        guard let transfer = connection.transfer else { return close(connection) }
        guard connection.requestCount > 0 else {
            return fail(transfer, .tls, why ?? "the server closed the connection during the TLS handshake")
        }
        if transfer.reader.isFresh, connection.requestCount > 1, !transfer.isRepeated {
            return sendAgain(transfer, connection)
        }
        if why == nil, transfer.reader.endOfStream() == .end {
            settle(transfer, connection, transfer.state.answerEnded(keeps: false))
            guard isOn(transfer, connection) else { return }
        }
        let outcome = transfer.state.connectionEnded()
        if outcome == .lost, let why { return fail(transfer, .connectionLost, why) }
        settle(transfer, connection, outcome)
    }

    private func refused(_ connection: OutgoingConnection, _ failure: TLSFailure) {
        guard let transfer = connection.transfer else { return close(connection) }
        guard connection.requestCount == 0 else { return ended(connection, "TLS: \(failure.detail)") }
        fail(transfer, .tls, "\(connection.origin.host): \(failure.detail)")
    }

    /// Sends the request once more, on a connection of its own.
    private func sendAgain(_ transfer: HTTPTransfer, _ connection: OutgoingConnection) {
        guard transfer.rewind(limits: responseLimits, now: driver.now) else {
            return fail(transfer, .bodySource, "the body cannot be sent again: its first bytes are gone")
        }
        transfer.connection = nil
        connection.transfer = nil
        connect(transfer)
        close(connection)
        look(at: transfer.due)
    }
}
