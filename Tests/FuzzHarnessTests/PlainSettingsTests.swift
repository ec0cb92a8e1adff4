import FuzzBasics
import FuzzConfiguration
import Settings
import Testing

/// A start in which everything is set.
private let text = """
    #h
    S3_BUCKET=images
    AWS_REGION=us-east-1
    AWS_ENDPOINT_URL=http://a:1
    AWS_ENDPOINT_URL_S3=https://B.example:443/
    AWS_ENDPOINT_URL_SSM=http://c
    AWS_ACCESS_KEY_ID=AKIA
    AWS_SECRET_ACCESS_KEY=one
    AWS_SESSION_TOKEN=two
    AWS_WEB_IDENTITY_TOKEN_FILE=/t
    AWS_ROLE_ARN=arn
    AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.9/x
    AWS_CONTAINER_AUTHORIZATION_TOKEN=three
    AWS_PROFILE=p
    AWS_CA_BUNDLE=/ca
    JWT_SECRET=four
    FRONTEND_URL=https://a.example, http://b:8080
    SLUICE_S3_ACL=public-read
    SLUICE_S3_EXPECTED_BUCKET_OWNER=123456789012
    SLUICE_FORM_FIELD=image
    SLUICE_PUBLIC_BASE_URL=https://i.example/x/
    SLUICE_LISTEN=localhost:080, [::1]:1, unix:/s
    SLUICE_TLS_CERTIFICATE=/c1, /c2
    SLUICE_TLS_PRIVATE_KEY=/k1, /k2
    SLUICE_TLS_CLIENT_CA=/ca
    SLUICE_TRUSTED_PROXIES=10.0.0.0/8, unix
    SLUICE_TRUSTED_ROLES=A, B
    SLUICE_ADDRESS_REQUESTS_PER_MINUTE=1
    SLUICE_SUBJECT_REQUESTS_PER_MINUTE=2
    SLUICE_TOTAL_REQUESTS_PER_SECOND=3
    """

struct PlainSettingsTests {
    private let settings: ResolvedSettings
    private let texts: [String: String]

    init() throws {
        let resolution = try SettingsSources([UInt8](text.utf8).span).resolve().get()
        settings = resolution.settings
        texts = SettingsReading.texts(of: resolution)
    }

    private func isNoticed(_ texts: [String: String]) -> Bool {
        do throws(OracleFailure) {
            try PlainSettings.check(settings, texts)
            return false
        } catch {
            return true
        }
    }

    @Test func `settings that are those of their texts pass`() { #expect(!isNoticed(texts)) }

    /// Each number, word, path, URL, list and secret goes where it belongs: no other text of it would do.
    @Test func `a text that is not in effect is noticed, whichever it is`() {
        // Of these only a part is judged, or none while others are set.
        let others: Set<String> = [
            "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL_STS",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "JWT_SECRET_PARAMETER", "SLUICE_STORE_DIR",
        ]
        for row in SettingsTable.rows where !others.contains(row.name.rawValue) {
            var changed = texts
            let old = texts[row.name.rawValue] ?? "x"
            changed[row.name.rawValue] =
                switch row.kind {
                case .number: String((Int64(old) ?? 0) + 1)
                case .choice(let words): words.first { $0 != old }
                case .endpoint, .baseURL: old + "0"
                case .peers, .origins, .roles, .addresses, .paths, .address:
                    old.split(separator: ",").last.map { "\($0)0" }
                case .permissions: "0600"
                case .text, .path, .bucket, .accountID, .region: old + "0"
                }
            #expect(isNoticed(changed), "\(row.name)")
        }
    }

    @Test(arguments: [
        ("SLUICE_TRUSTED_ROLES", "A, USER"), ("SLUICE_TRUSTED_ROLES", "none"), ("FRONTEND_URL", "*"),
        ("FRONTEND_URL", "https://a.example/x, http://b:8080"), ("SLUICE_LISTEN", "localhost:080, [::1]:1, unix:s"),
        ("AWS_ENDPOINT_URL_S3", "https://b.example@evil"), ("AWS_ENDPOINT_URL_SSM", "http://c/x"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.9.evil/x"), ("JWT_SECRET_FILE", "/f"),
        ("AWS_ROLE_ARN", "a b"), ("SLUICE_PART_BYTES", "1"),
        ("AWS_EC2_METADATA_V1_DISABLED", "false"), ("AWS_EC2_METADATA_DISABLED", "true"),
    ])
    func `a text that should have been refused is noticed`(_ name: String, _ value: String) {
        var changed = texts
        changed[name] = value
        #expect(isNoticed(changed))
    }

    @Test func `a name that is no setting, and is passed over, is noticed`() throws {
        for (stray, isRefused) in [("SLUICE_WORKER=1", true), ("SLUICE_SERVICE_HOST=a", true), ("OTHER=1", false)] {
            let sources = SettingsSources([UInt8]((stray + "\n" + text).utf8).span)
            let plain = SettingsSources([UInt8](text.utf8).span)
            #expect((try? sources.resolve().get()) == nil || !isRefused)
            var isNoticed = false
            do throws(OracleFailure) {
                try SettingsReading.check(sources, resolve: { _ in plain.resolve() }, print: SettingsPrinter.text)
            } catch {
                isNoticed = "\(error)".contains("no setting")
            }
            #expect(isNoticed == isRefused, "\(stray)")
        }
    }
}
