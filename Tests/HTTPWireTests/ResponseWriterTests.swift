import HTTPWire
import Testing

struct ResponseWriterTests {
    private func written(_ response: Response, _ form: ResponseWriter.Form) -> String {
        var output: [UInt8] = []
        ResponseWriter.append(response, form: form, to: &output)
        return text(output)
    }

    @Test func `writes status line, fields, length and body`() {
        let response = Response(status: 201, fields: [ResponseField("x-a", "b")], body: Array("{}".utf8))
        #expect(
            written(response, .init(keepsAlive: true))
                == "HTTP/1.1 201 Created\r\nx-a: b\r\nContent-Length: 2\r\n\r\n{}")
    }

    @Test func `says whether the connection stays`() {
        let response = Response(status: 200)
        #expect(written(response, .init(keepsAlive: false)).contains("\r\nConnection: close\r\n"))
        #expect(written(response, .init(keepsAlive: true, minorVersion: 0)).contains("\r\nConnection: keep-alive\r\n"))
        #expect(!written(response, .init(keepsAlive: true)).contains("Connection"))
    }

    @Test func `tells the length of a body that HEAD does not get`() {
        let response = Response(status: 200, body: Array("hello".utf8))
        #expect(
            written(response, .init(omitsBody: true, keepsAlive: true))
                == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    }

    @Test func `204 has neither length nor body`() {
        let response = Response(status: 204, body: Array("hello".utf8))
        #expect(written(response, .init(keepsAlive: true)) == "HTTP/1.1 204 No Content\r\n\r\n")
    }

    @Test func `a value cannot write a field of its own`() {
        let response = Response(status: 200, fields: [ResponseField("x-a", "b\r\nSet-Cookie: c\u{0}")])
        #expect(written(response, .init(keepsAlive: true)).contains("x-a: b  Set-Cookie: c \r\n"))
    }

    @Test func `100 Continue is an empty line after its status`() {
        var output: [UInt8] = []
        ResponseWriter.appendContinue(to: &output)
        #expect(text(output) == "HTTP/1.1 100 Continue\r\n\r\n")
    }
}
