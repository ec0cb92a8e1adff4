import Settings
import Testing

@Suite struct SettingProblemTests {
    @Test func `an unknown name stops the start, with the one it resembles`() {
        #expect(SettingsSample.problems(["SLUICE_PART_BYTE": "1"])
            == ["SLUICE_PART_BYTE: unknown setting; did you mean SLUICE_PART_BYTES? (from: environment)"])
        #expect(SettingsSample.problems(["SLUICE_WORKRES": "1"])
            == ["SLUICE_WORKRES: unknown setting; did you mean SLUICE_WORKERS? (from: environment)"])
        #expect(SettingsSample.problems([:], file: "SLUICE_FROBNICATION=1")
            == ["SLUICE_FROBNICATION: unknown setting, `sluice settings` lists those there are "
                + "(from: sluice.env, line 1)"])
        #expect(SettingsSample.problems(["SLUICE_PORT": "8080"]).count == 1)
    }

    @Test func `every wrong value gets a line of its own`() {
        let problems = SettingsSample.problems(["SLUICE_WORKERS": "0", "SLUICE_PART_BYTES": "5MiB", "SLUICE_X": "1"])
        #expect(problems.count == 3)
        #expect(problems.contains("SLUICE_PART_BYTES: must be a whole number from 5242880 to 5368709120 (bytes) "
            + "(now 5MiB), from: environment"))
    }

    @Test(arguments: [
        ("SLUICE_WORKERS", ["0", "257", "-1", "+1", "1.5", " 1", "0x1", "99999999999999999999", "one"]),
        ("SLUICE_PART_BYTES", ["5242879", "5368709121"]),
        ("SLUICE_HEADER_BYTES_MAX", ["1023", "65536"]),
        ("SLUICE_BODY_IDLE_SECONDS", ["0", "19"]),
        ("SLUICE_STORE", ["S3", "disk"]),
        ("SLUICE_UPLOAD_STRATEGY", ["Put", "other"]),
        ("SLUICE_S3_PAYLOAD", ["none", "crc32c"]),
        ("SLUICE_S3_PROFILE", ["AWS", "ceph"]),
        ("SLUICE_S3_ADDRESSING", ["host"]),
        ("SLUICE_S3_EXPECTED_BUCKET_OWNER", ["12345678901", "1234567890123", "12345678901a", "arn:aws:iam::1"]),
        ("SLUICE_S3_ACL", ["public", "publicRead"]),
        ("SLUICE_LOG_LEVEL", ["verbose"]),
        ("SLUICE_LISTEN", ["8080", ":8080", "host:8080", "1.2.3:80", "1.2.3.400:80", "[::1]", "::1:80", "[::1]:65536",
            "[zz]:80", "127.0.0.1:", "127.0.0.1:80:90", ",", "127.0.0.1:80,x"]),
        ("SLUICE_ADMIN_LISTEN", ["systemd", "127.0.0.1:1,127.0.0.1:2"]),
        ("SLUICE_TRUSTED_PROXIES", ["10.0.0.1/8", "10.0.0.0/33", "proxy", "unix,none", ",", "10.0.0.0/8;::1", "UNIX"]),
        ("SLUICE_TRUSTED_ROLES", ["USER", "SERVICE,GUEST", "A B", ",", "none,A", "é"]),
        ("S3_BUCKET", ["ab", "-ab", "ab-", "a/b", "a b", "ab\n"]),
        ("AWS_REGION", ["us east", "us-east-1/x"]),
        ("AWS_ENDPOINT_URL", ["minio:9000", "ftp://x", "https://", "https://x/path", "https://u@x", "https://x?y",
            "https://x:0", "https://x:65536", "https://x:", "https://[::1", "https://-x", "https://x\\y",
            "https://x y"]),
        ("SLUICE_PUBLIC_BASE_URL", ["cdn.example.com", "https://x/y?z", "https://x/#"]),
        ("FRONTEND_URL", ["example.com", "https://x,*", "https://x/app", ","]),
        ("AWS_ACCESS_KEY_ID", ["A B", "A\u{7F}"]),
        ("SLUICE_SPOOL_DIR", ["/a\nb"]),
    ])
    func `a value outside its bounds or form is refused in one line`(name: String, values: [String]) {
        for value in values {
            let problems = SettingsSample.problems([name: value])
            #expect(problems.count == 1, "\(name)=\(value): \(problems)")
            #expect(problems.first?.hasPrefix(name + ": ") ?? false)
            #expect(problems.first?.contains("\n") == false)
        }
    }

    @Test func `a range with bits below its prefix is refused with the one that was meant`() {
        #expect(SettingsSample.problems(["SLUICE_TRUSTED_PROXIES": "::1, 10.1.0.0/8"])
            == ["SLUICE_TRUSTED_PROXIES: 10.1.0.0/8 has bits set below its prefix: write 10.0.0.0/8, "
                + "or the address alone (now ::1, 10.1.0.0/8), from: environment"])
        let many = Array(repeating: "10.0.0.0/8", count: 257).joined(separator: ",")
        #expect(SettingsSample.problems(["SLUICE_TRUSTED_PROXIES": many]).first?
            .hasPrefix("SLUICE_TRUSTED_PROXIES: must be at most 256 ranges") == true)
    }

    @Test func `a cap that ten thousand parts cannot hold is refused`() throws {
        let most = String(5_242_880 * 10_000)
        #expect(try SettingsSample.settings(["SLUICE_MAX_UPLOAD_BYTES": most]).maxUploadBytes == 52_428_800_000)
        #expect(SettingsSample.problems(["SLUICE_MAX_UPLOAD_BYTES": "52428800001"]).count == 1)
    }

    @Test func `no secret is ever repeated`() {
        let secrets = ["AWS_SECRET_ACCESS_KEY": "hunter2 hunter2", "AWS_SESSION_TOKEN": "hunter2\u{1}",
            "JWT_SECRET": String(repeating: "hunter2", count: 600)]
        for (name, value) in secrets {
            let problems = SettingsSample.problems([name: value])
            #expect(problems.count == 1)
            #expect(!problems.joined().contains("hunter2"))
        }
    }

    @Test func `control characters of a value do not reach the terminal`() {
        let problems = SettingsSample.problems(["SLUICE_STORE": "\u{1B}[2Jx\u{202E}"])
        #expect(problems.joined().contains(#"\u{1B}[2Jx\u{202E}"#))
    }

    @Test func `a secret does not show in dumps or interpolations`() {
        let secret = SecretText("hunter2")
        var text = "\(secret) \(String(reflecting: secret)) \([secret])"
        dump(secret, to: &text)
        dump(JWTSecretSource.fixed(secret), to: &text)
        #expect(!text.contains("hunter2"))
        #expect(!text.contains("104"))
    }
}
