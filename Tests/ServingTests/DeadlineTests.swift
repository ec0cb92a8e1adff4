import Linux
import Serving
import Testing

struct DeadlineTests {
    @Test func `a head that does not come in time is answered`() throws {
        let server = try TestServer { $0.headMilliseconds = 50 }
        let client = try TestClient(server)
        try client.send("GET / HT")
        #expect(try client.reply().status == 408)
        #expect(try client.endsNow())
    }

    @Test func `a connection without a request is closed without a word`() throws {
        let server = try TestServer {
            $0.headMilliseconds = 50
            $0.keepAliveMilliseconds = 50
        }
        #expect(try TestClient(server).endsNow())
        let client = try TestClient(server)
        try client.send("GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.reply().status == 200)
        #expect(try client.endsNow())
    }

    @Test func `a body that stops coming is told and answered`() throws {
        let server = try TestServer { $0.bodyIdleMilliseconds = 50 }
        let client = try TestClient(server)
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhello")
        #expect(try client.reply().status == 408)
        #expect(server.events.all.contains("gone bodyTooSlow"))
        #expect(try client.endsNow())
    }

    @Test func `a response that does not come in time is told to the handler`() throws {
        let server = try TestServer { $0.requestMilliseconds = 50 }
        let client = try TestClient(server)
        try client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.reply().status == 503)
        #expect(server.events.all.contains("gone requestTooLong"))
    }

    @Test func `a stopping server closes idle connections and lets the others end`() throws {
        let server = try TestServer()
        let idle = try TestClient(server)
        try idle.send("GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try idle.reply().status == 200)
        let busy = try TestClient(server)
        try busy.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.events.has("end /later"))
        server.send(.stop)
        #expect(try idle.endsNow())
        #expect(!server.events.all.contains("empty"))
        server.send(.respond)
        #expect(try busy.reply().head.contains("\r\nConnection: close\r\n"))
        #expect(try busy.endsNow())
        try busy.halfClose()
        #expect(server.events.has("empty"))
    }

    @Test func `workers share the connections of one socket`() throws {
        let socket = try ListeningSocket(on: .loopback(port: 0))
        let share = ListenerShare(workers: 2)
        let servers = try (0 ..< 2).map { _ in try TestServer(socket: socket, share: share) }
        var clients: [TestClient] = []
        for _ in 0 ..< 80 {
            let client = try TestClient(servers[0])
            try client.send("GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.reply().status == 200)
            clients.append(client)
        }
        #expect(share.connectionsCount == 80)
        let handled = servers.map { server in server.events.all.count { $0 == "head /get" } }
        #expect(handled.reduce(0, +) == 80)
        #expect(handled.allSatisfy { $0 > 0 }, "\(handled)")
        clients = []
        for server in servers { #expect(server.events.has("closed")) }
    }

    @Test func `a worker that is full leaves the rest in the queue`() throws {
        let server = try TestServer {
            $0.connectionsMax = 1
            $0.acceptPauseMilliseconds = 20
        }
        let second: TestClient
        do {
            let first = try TestClient(server)
            try first.send("GET /one HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try first.reply().status == 200)
            second = try TestClient(server)
            try second.send("GET /two HTTP/1.1\r\nHost: a\r\n\r\n")
            try first.send("GET /three HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try first.reply().status == 200)
            #expect(!server.events.all.contains("head /two"))
        }
        #expect(try second.reply().status == 200)
    }
}
