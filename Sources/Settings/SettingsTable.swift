/// Every setting with its kind, default, bounds and meaning. The reference, the parser, `sluice settings` and the
/// flags are all made from these rows.
package enum SettingsTable {
    package static let rows: [Setting] =
        store + endpoints + credentials + secrets + uploads + serving + tls + throttling + guests + judging + logging

    package static func row(_ name: SettingName) -> Setting? { rowOfName[name] }

    private static let rowOfName = Dictionary(rows.map { ($0.name, $0) }) { first, _ in first }

    private static let mebibyte: Int64 = 1_048_576
    private static let gibibyte: Int64 = 1_073_741_824

    private static let store: [Setting] = [
        Setting(.store, .choice(StoreKind.self), .computed(summary: "`s3`; `directory` with `--dev`") {
            $0.mode == .development ? "directory" : "s3"
        }, "Where objects go: S3, or a directory that Sluice itself keeps."),
        Setting(.storeDirectory, .path, .computed(
            summary: "`objects` in `$STATE_DIRECTORY`, else in `/var/lib/sluice`"
        ) { $0.statePath + "/objects" }, "The directory store's directory; only read with `SLUICE_STORE=directory`."),
        Setting(.bucket, .bucket, .unset(summary: "required with s3"), "The bucket."),
        Setting(.region, .region, .unset(summary: "required with s3 or SSM"),
            "The region, for signing and for URLs."),
        Setting(.endpoint, .endpoint, .unset(summary: "AWS's own"),
            "A custom endpoint for every AWS service (MinIO, R2, Ceph, tests); S3 is then addressed path-style."),
        Setting(.endpointS3, .endpoint, .unset(summary: "`AWS_ENDPOINT_URL`, else AWS's own"),
            "The same for S3 alone."),
        Setting(.endpointSSM, .endpoint, .unset(summary: "`AWS_ENDPOINT_URL`, else AWS's own"),
            "The same for SSM alone."),
        Setting(.caBundle, .path, .unset(summary: "the system's own"),
            "A PEM file of certificate authorities that outgoing TLS trusts instead of the system's."),
    ]

    private static let secrets: [Setting] = [
        Setting(.jwtSecret, .text(bytesMax: 4_096), .unset(summary: "see `JWT_SECRET_FILE`"),
            "A fixed secret of the tokens, instead of SSM.", isSecret: true),
        Setting(.jwtSecretFile, .path, .unset(
            summary: "the systemd credential `jwt-secret`, else `JWT_SECRET_PARAMETER`; generated with `--dev`"),
            "A file that holds the secret; one newline at its end is dropped."),
        Setting(.jwtSecretParameter, .text(bytesMax: 2_048), .fixed("/community/JWT_SECRET"),
            "The SSM parameter that holds the secret, read when neither of the two above is there."),
        Setting(.secretTTL, .number(.seconds, 10 ... 86_400), .fixed("300"),
            "How long a secret from SSM is used before it is fetched again. Five minutes bound how long a withdrawn "
                + "secret still opens the door, at a cost of twelve requests an hour."),
        Setting(.secretGrace, .number(.seconds, 0 ... 86_400), .fixed("300"),
            "How long tokens of the secret before a rotation are still taken. Guest tokens live for five minutes; "
                + "whoever rotates a secret because it leaked wants 0."),
        Setting(.secretStale, .number(.seconds, 10 ... 2_592_000), .fixed("43200"),
            "How long the last known secret serves while SSM cannot be asked: half a day is longer than its outages "
                + "were. Uploads get 503 afterwards."),
    ]

    private static let uploads: [Setting] = [
        Setting(.maxUploadBytes, .number(.bytes, 1 ... 5_120 * gibibyte), .fixed("5242880"),
            "The cap on one image. 5 MiB is what the API Gateway set-up that Sluice replaces allows."),
        Setting(.uploadStrategy, .choice(UploadStrategy.self), .fixed("multipart"),
            "How an object is written to S3. `multipart`: Create, parts, Complete, each of which can be tried again, "
                + "and no doubt afterwards. `put`: one streamed PutObject when the length is declared (5 GiB at most), "
                + "a third of the requests. `auto`: `put` up to one part, else `multipart`. A body of unknown length "
                + "(chunked, or a form) is `multipart` whatever is set."),
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: parts of 5 MiB to 5 GiB.
        Setting(.partBytes, .number(.bytes, 5 * mebibyte ... 5 * gibibyte), .fixed("5242880"),
            "The part size. 5 MiB is the least that S3 takes and costs the least spool; 10,000 parts must hold the "
                + "cap."),
        Setting(.spoolDirectory, .path, .computed(summary: "`$CACHE_DIRECTORY`, else `/var/tmp`") { $0.spoolPath },
            "Where parts of unknown length wait, as unlinked files. Not on a tmpfs: the spool would be memory."),
        Setting(.spoolSlots, .number(.count, 2 ... 65_536), .fixed("64"),
            "How many parts the spool holds at once, two for an upload. 64 parts of 5 MiB are 320 MiB of disk."),
        Setting(.windowMemoryBytes, .number(.bytes, mebibyte ... 1_024 * gibibyte), .fixed("134217728"),
            "The memory of all upload windows together: 128 MiB are 1,024 uploads with a full window of 128 KiB."),
        Setting(.formField, .text(bytesMax: 128), .unset(summary: "any part with a file name"),
            "The field of a `multipart/form-data` upload that carries the image; other parts are read and dropped."),
        Setting(.database, .path, .computed(
            summary: "`sluice.sqlite` in `$STATE_DIRECTORY`, else in `/var/lib/sluice`"
        ) { $0.statePath + "/sluice.sqlite" }, "The SQLite file of the records. On a local disk, never NFS."),
        Setting(.orphanAge, .number(.seconds, 2 ... 31_536_000), .fixed("86400"),
            "The age at which an unfinished multipart upload in the bucket that no record knows, and whose key is "
                + "written exactly as ours are, is aborted. At least twice `SLUICE_REQUEST_TIMEOUT_SECONDS`; age is "
                + "all that tells the uploads of another Sluice on the same bucket from leftovers."),
        Setting(.unregisteredTTL, .number(.seconds, 0 ... 315_360_000), .fixed("0"),
            "How long an image that nobody registers is kept, from the end of its upload on; then it is deleted. 0: "
                + "for good. Images keep the time that was set when they came."),
        Setting(.idempotencyTTL, .number(.seconds, 1 ... 31_536_000), .fixed("86400"),
            "How long an `Idempotency-Key` is known, from the beginning of its upload on; afterwards it is like one "
                + "that was never sent. At least `SLUICE_REQUEST_TIMEOUT_SECONDS`."),
        Setting(.idempotencyKeysMax, .number(.count, 1_000 ... 1_000_000_000), .fixed("1000000"),
            "The most keys that are known at once; beyond it the oldest go first, since a request is sent again within "
                + "minutes or not at all. A key takes about 200 bytes of the database: a million, 200 MB."),
        Setting(.publicBaseURL, .baseURL, .unset(summary: "the store's own"), "What `imageUrl` begins with."),
    ]

    private static let serving: [Setting] = [
        Setting(.listen, .addresses, .computed(summary: "`[::]:8080`, `0.0.0.0:8080` where there is no IPv6") {
            $0.hasIPv6 ? "[::]:8080" : "0.0.0.0:8080"
        }, "The public listeners; `systemd` for inherited sockets."),
        Setting(.adminListen, .address, .fixed("127.0.0.1:9180"),
            "The listener of `/healthz`, `/readyz` and `/metrics`; loopback, since it asks for no token."),
        Setting(.unixSocketMode, .permissions, .fixed("0666"),
            "The rights of Unix sockets: whoever may write may connect. Any local user could reach a loopback port "
                + "too; the directory's rights narrow it down."),
        Setting(.workers, .number(.count, 1 ... 256), .computed(summary: "the processors it may use") {
            String(min(max($0.cores, 1), 256))
        }, "Event-loop threads."),
        Setting(.connectionsMax, .number(.count, 1 ... 1_000_000), .fixed("10000"),
            "Client connections at once; more wait in the listener's queue. 10,000 idle ones are 40 MiB."),
        // Offsets into a head are 16 bits wide.
        Setting(.headerBytesMax, .number(.bytes, 1_024 ... 65_535), .fixed("10240"),
            "Request line and header fields of one request. 10,240 is API Gateway's bound."),
        // The defaults stand beside those of nginx (https://nginx.org/en/docs/http/ngx_http_core_module.html), what
        // HAProxy's manual advises for the timeouts that it leaves to the operator
        // (https://docs.haproxy.org/2.8/configuration.html), and Apache's mod_reqtimeout, which alone has a least rate
        // (https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html).
        Setting(.requestTimeout, .number(.seconds, 1 ... 86_400), .fixed("60"),
            "A whole request from its first byte to its answer. Twice API Gateway's 30, for phones: 5 MiB in 60 s is "
                + "0.7 Mbit/s. nginx and HAProxy bound only the time between two reads, which a trickle never meets."),
        Setting(.headerTimeout, .number(.seconds, 1 ... 3_600), .fixed("10"),
            "The head of a request, from its first byte (a connection's first head: from its accepting). It fits in a "
                + "few packets, so HAProxy's advice of 5 to 10 s is enough and nginx's 60 only helps who holds "
                + "connections."),
        Setting(.keepAlive, .number(.seconds, 1 ... 3_600), .fixed("75"),
            "How long a connection may rest between requests; nginx's 75. Longer than the 60 s of AWS's balancers, so "
                + "that they close first and never meet a connection that is just going away."),
        Setting(.bodyIdle, .number(.seconds, 1 ... 18), .fixed("15"),
            "How long a body may stand still. S3 cuts an idle upload after about 20 s, so this stays below, and far "
                + "below nginx's 60; three lost packets in a row fit in."),
        Setting(.writeTimeout, .number(.seconds, 1 ... 3_600), .fixed("30"),
            "How long a client may take nothing of an answer. Answers of a kilobyte go to the kernel at once, so this "
                + "ends clients that send requests and never read. Half of nginx's 60; TCP has sent a lost packet "
                + "again four times by then."),
        Setting(.minBodyRate, .number(.bytesPerSecond, 0 ... gibibyte), .fixed("1024"),
            "Slower bodies get 408; 0 turns it off. 1 KiB/s, twice what Apache asks for, is slower than any link that "
                + "could finish in time; nginx and HAProxy have no such bound."),
        Setting(.minBodyGrace, .number(.seconds, 0 ... 3_600), .fixed("10"),
            "How long a body runs before its rate is judged: TCP's slow start and a few lost packets fit in. Half of "
                + "Apache's 20, since the bytes that came first count too."),
        Setting(.shutdownGrace, .number(.seconds, 0 ... 86_400), .fixed("60"),
            "How long running uploads may go on after SIGTERM; one request's time, and below systemd's 90 s. nginx "
                + "and HAProxy wait without an end."),
        Setting(.frontendURL, .origins, .fixed("*"), "The origins that CORS allows."),
    ]

    private static let tls: [Setting] = [
        Setting(.tlsCertificate, .paths, .unset(summary: "none: plain HTTP"),
            "PEM files of certificate chains, the server's own certificate first in each: the public listeners speak "
                + "TLS 1.2 and 1.3. Of several, the name that a client asks for chooses; the first is for the rest."),
        Setting(.tlsPrivateKey, .paths, .unset(summary: "required with `SLUICE_TLS_CERTIFICATE`"),
            "PEM files of the private keys, one for each of `SLUICE_TLS_CERTIFICATE` and in its order, unencrypted."),
        Setting(.tlsClientCA, .path, .unset(summary: "none: clients need no certificate"),
            "A PEM file of certificate authorities; only clients with a certificate of one of them are served."),
        Setting(.handshakeTimeout, .number(.seconds, 1 ... 3_600), .fixed("10"),
            "From the connection to the end of TLS's handshake: two or three round trips on any link. nginx allows "
                + "the 60 of its head, in which a flood holds six times as much."),
    ]

    private static let judging: [Setting] = [
        Setting(.trustedProxies, .peers, .fixed("none"),
            "Peers whose `X-Forwarded-For`, `Forwarded`, `x-request-id` and PROXY protocol are believed; `unix` are "
                + "those on Unix sockets. None: anybody can send such a field."),
        Setting(.trustedRoles, .roles, .fixed("SERVICE"),
            "Roles that may read and register the images of others: the backend's own."),
        Setting(.jwtLeeway, .number(.seconds, 0 ... 300), .fixed("0"),
            "Clock skew that `exp` and `nbf` forgive. None: issuer and gateway are expected to keep time."),
    ]

    private static let logging: [Setting] = [
        Setting(.logFormat, .choice(LogFormat.self), .computed(
            summary: "`text` on a terminal, `journal` under systemd, `json` else"
        ) { context in
            if context.mode == .development || context.isTerminal { return "text" }
            return context.isUnderJournal ? "journal" : "json"
        }, "The form of log lines."),
        Setting(.logLevel, .choice(LogLevel.self), .fixed("info"), "The least severe lines that are logged."),
    ]
}
