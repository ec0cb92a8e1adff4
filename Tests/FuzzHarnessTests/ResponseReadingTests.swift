import FuzzBasics
import FuzzWire
import HTTPWire
import Testing

private let plain = Response(
    status: 201, fields: [ResponseField("X-0", "a\r\nSet-Cookie: b"), ResponseField("X-1", "\u{E9}\u{7F}")],
    body: Array("body".utf8))

/// Runs the oracle over an answer that was written rightly but for what is done to its text.
private func failure(
    of response: Response = plain, _ form: ResponseWriter.Form = ResponseWriter.Form(keepsAlive: true),
    _ change: (String) -> String
) -> OracleFailure? {
    var wire: [UInt8] = []
    ResponseWriter.append(response, form: form, to: &wire)
    let changed = change(String(decoding: wire, as: UTF8.self))
    do throws(OracleFailure) {
        try ResponseReading.check(Array(changed.utf8), response, form)
        return nil
    } catch {
        return error
    }
}

struct ResponseReadingTests {
    @Test func `the writer's own answers pass`() {
        for status in [200, 204, 304, 413] {
            for form in [
                ResponseWriter.Form(keepsAlive: true), .init(omitsBody: true, keepsAlive: false),
                .init(keepsAlive: true, minorVersion: 0), .init(keepsAlive: false, minorVersion: 0),
            ] {
                var response = plain
                response.status = status
                #expect(failure(of: response, form) { $0 } == nil, "\(status) \(form)")
            }
        }
    }

    @Test(arguments: [
        ("HTTP/1.1", "HTTP/1.0"), ("201", "200"), ("Created", "Crea\r\nted"), ("Created", ""), ("X-0", "X-2"),
        ("a  Set-Cookie: b", "a\r\nSet-Cookie: b"), ("a  Set-Cookie: b", "a \nSet-Cookie: b"), ("a  Set", "aSet"),
        ("X-1: \u{E9} ", "X-1: \u{E9}\u{7F}"), ("X-1: \u{E9} ", "X-1: e "), ("Length: 4", "Length: 5"),
        ("Content-Length: 4\r\n", ""), ("Content-Length: 4", "Content-Length: 4\r\nContent-Length: 4"),
        ("\r\n\r\nbody", "\r\nbody"), ("body", "bod"), ("body", "bodybody"), ("\r\nX-1", "\nX-1"),
        ("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    ])
    func `an answer that says anything else is noticed`(_ old: String, _ new: String) {
        #expect(failure { $0.replacing(old, with: new) } != nil)
        #expect(failure { $0.contains(old) ? $0 : "" } == nil)
    }

    @Test func `a body or a length where there is none, and another end of the connection, are noticed`() {
        var empty = plain
        empty.status = 204
        #expect(failure(of: empty) { $0 + "body" } != nil)
        #expect(failure(of: empty) { $0.dropLast(2) + "Content-Length: 0\r\n\r\n" } != nil)
        let head = ResponseWriter.Form(omitsBody: true, keepsAlive: true)
        #expect(failure(of: plain, head) { $0 + "body" } != nil)
        #expect(failure(of: plain, head) { $0.replacing("Length: 4", with: "Length: 0") } != nil)
        let old = ResponseWriter.Form(keepsAlive: true, minorVersion: 0)
        #expect(failure(of: plain, old) { $0.replacing("Connection: keep-alive\r\n", with: "") } != nil)
        let last = ResponseWriter.Form(keepsAlive: false)
        #expect(failure(of: plain, last) { $0.replacing("Connection: close\r\n", with: "") } != nil)
    }
}
