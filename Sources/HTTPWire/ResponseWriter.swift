internal import Bytes

/// Writes responses as HTTP/1.1 (RFC 9112 § 4).
package enum ResponseWriter {
    /// What the request decides about the form of its response.
    package struct Form: Equatable, Sendable {
        /// HEAD: the length is told, the body is not sent.
        package let omitsBody: Bool
        /// Whether the connection stays open afterwards.
        package let keepsAlive: Bool
        /// 1 or 0: an HTTP/1.0 client must be told that the connection stays open.
        package let minorVersion: UInt8

        package init(omitsBody: Bool = false, keepsAlive: Bool, minorVersion: UInt8 = 1) {
            self.omitsBody = omitsBody
            self.keepsAlive = keepsAlive
            self.minorVersion = minorVersion
        }
    }

    /// Appends the whole response: status line, fields, Content-Length, Connection, body.
    ///
    /// Bytes that would end a field early become spaces, so that no value can write a field or a response of its own.
    package static func append(_ response: Response, form: Form, to output: inout [UInt8]) {
        output.append(text: "HTTP/1.1 ")
        Decimal.append(UInt64(clamping: response.status), width: 3, to: &output)
        output.append(0x20)
        output.append(text: ReasonPhrase.of(response.status))
        output.append(text: "\r\n")
        for field in response.fields {
            append(field.name.utf8Span.span, field.value.utf8Span.span, to: &output)
        }
        // RFC 9110 § 8.6: none in 204; none of our responses is a 304 with a length.
        let hasBody = response.status != 204 && response.status != 304
        if hasBody {
            output.append(text: "Content-Length: ")
            Decimal.append(UInt64(response.body.count), to: &output)
            output.append(text: "\r\n")
        }
        if !form.keepsAlive {
            output.append(text: "Connection: close\r\n")
        } else if form.minorVersion == 0 {
            output.append(text: "Connection: keep-alive\r\n")
        }
        output.append(text: "\r\n")
        if hasBody, !form.omitsBody { output.append(contentsOf: response.body) }
    }

    /// Appends `100 Continue`, which has no fields (RFC 9110 § 15.2.1).
    package static func appendContinue(to output: inout [UInt8]) {
        output.append(text: "HTTP/1.1 100 Continue\r\n\r\n")
    }

    private static func append(_ name: Span<UInt8>, _ value: Span<UInt8>, to output: inout [UInt8]) {
        output.append(addingCapacity: name.count + value.count + 4) { line in
            for index in name.indices { line.append(name[index]) }
            line.append(0x3A)
            line.append(0x20)
            for index in value.indices { line.append(value[index].isFieldValueByte ? value[index] : 0x20) }
            line.append(0x0D)
            line.append(0x0A)
        }
    }
}

/// The reason phrases of RFC 9110 § 15. They are for people: no client may read them.
package enum ReasonPhrase {
    package static func of(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Unknown"
        }
    }
}
