internal import Bytes
package import HTTPWire

/// A request as it is meant, whatever bytes said it.
package struct RequestMeaning: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        package var known: KnownField
        package var name: [UInt8]
        package var value: [UInt8]
    }

    package var method: RequestMethod
    package var methodName: [UInt8]
    package var target: [UInt8]
    package var path: [UInt8]
    package var query: [UInt8]?
    package var minorVersion: UInt8
    package var fields: [Field]
    package var framing: BodyFraming
    package var keepsAlive: Bool
    package var expectsContinue: Bool
    package var body: [UInt8]
    package var isComplete: Bool

    package init(_ request: WireTranscript.Request, of stream: Span<UInt8>) {
        let head = request.head
        let bytes = stream.extracting(request.start ..< request.start + head.headBytes)
        method = head.method
        methodName = head.methodName.bytes(in: bytes).copied()
        target = head.target.bytes(in: bytes).copied()
        path = head.path.bytes(in: bytes).copied()
        query = head.query?.bytes(in: bytes).copied()
        minorVersion = head.minorVersion
        fields = []
        for field in head.fields {
            let name = field.name.bytes(in: bytes).copied()
            fields.append(Field(known: field.known, name: name, value: field.value.bytes(in: bytes).copied()))
        }
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        body = request.body
        isComplete = request.end != nil
    }

    /// The request on the wire, in the shortest form there is: no empty line before it, no white space around values,
    /// no extensions and no trailers. Its head is no longer than the one that was read, so no bound stands against it.
    /// A body in chunks has many, each a byte longer than the one before; one that has no end, as much as is there.
    package func write(to wire: inout [UInt8]) {
        writeHead(to: &wire)
        writeBody(to: &wire)
    }

    func writeHead(to wire: inout [UInt8]) {
        wire += methodName + [0x20] + target
        wire.append(text: " HTTP/1.\(minorVersion)\r\n")
        for field in fields { wire += field.name + [0x3A] + field.value + [0x0D, 0x0A] }
        wire.append(text: "\r\n")
    }

    func writeBody(to wire: inout [UInt8]) {
        guard framing == .chunked else {
            wire += body
            return
        }
        var start = 0
        var size = 1
        while start < body.count {
            let data = body[start ..< min(start + size, body.count)]
            wire.append(text: String(data.count, radix: 16) + "\r\n")
            wire += data
            wire.append(text: "\r\n")
            start += data.count
            size += 1
        }
        if isComplete { wire.append(text: "0\r\n\r\n") }
    }
}
