extension SettingsTable {
    /// How the store is spoken to. A new bucket at AWS needs none of them.
    static let endpoints: [Setting] = [
        Setting(.s3Payload, .choice(S3PayloadMode.self), .fixed("auto"),
            "How payloads are signed. `unsigned`: TLS guards them, or nothing does. `signed`: chunk by chunk, a CPU "
                + "second per GiB. `trailer`: with a CRC-32C that the store checks and keeps, behind chunks that are "
                + "signed over http. `auto`: `trailer` over https at AWS, `unsigned` over https elsewhere, `signed` "
                + "over http; `unsigned` at R2, which knows nothing else."),
        Setting(.s3Profile, .choice(S3ProfileName.self), .fixed("auto"),
            "What the store can do. `auto`: `aws` and `r2` by their hosts, else `generic`."),
        Setting(.s3Addressing, .choice(S3AddressingStyle.self), .fixed("auto"),
            "Where requests name the bucket: `path` (`host/bucket`) or `virtual` (`bucket.host`). `auto`: `virtual` at "
                + "AWS's own endpoints for buckets without dots, which their certificate covers; `path` elsewhere."),
        Setting(.expectedBucketOwner, .accountID, .unset(summary: "not sent"),
            "The AWS account that the bucket must belong to (`x-amz-expected-bucket-owner`): a bucket that somebody "
                + "else made under its name after it was deleted gets no images."),
        Setting(.s3ACL, .choice(S3ACLName.self), .unset(summary: "not sent"),
            "A canned ACL for each object (`x-amz-acl`); needs `s3:PutObjectAcl`. Not sent, since buckets made after "
                + "April 2023 have no ACLs and refuse it."),
    ]
}
