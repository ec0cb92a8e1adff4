extension SettingsTable {
    /// Off by default: behind a proxy that is not in `SLUICE_TRUSTED_PROXIES` all clients have one address, and whoever
    /// puts Sluice there would throttle everybody at once without knowing.
    static let throttling: [Setting] = [
        Setting(.addressConnectionsMax, .number(.count, 0 ... 1_000_000), .fixed("0"),
            "Connections of one address at once; more are closed when they come. 0: no bound, since behind a proxy "
                + "that `SLUICE_TRUSTED_PROXIES` does not name all clients have one address. Where clients come by "
                + "themselves, 64 suits: a browser opens 6, a household behind one address some dozens. A trusted "
                + "proxy's own connections are not counted, those that it announces by the PROXY protocol are."),
        Setting(.addressRequests, .number(.count, 0 ... 1_000_000), .fixed("0"),
            "Requests of one address in a minute, over all workers; more get 429 with `Retry-After`, before their "
                + "token is looked at. 0: no bound, for the same reason. 120 suits people; an office behind one "
                + "address needs more."),
        Setting(.addressBurst, .number(.count, 1 ... 1_000_000), .fixed("60"),
            "How many of them may come at once: an album of pictures."),
        Setting(.subjectRequests, .number(.count, 0 ... 1_000_000), .fixed("0"),
            "Requests of one token's `sub` in a minute, whatever address they come from; more get 429. 0: no bound, "
                + "as API Gateway has none for a user."),
        Setting(.subjectBurst, .number(.count, 1 ... 1_000_000), .fixed("60"), "How many of them may come at once."),
        Setting(.totalRequests, .number(.count, 0 ... 1_000_000), .fixed("0"),
            "Requests of all clients together in a second; more get 429. Like the bounds above it counts what asks for "
                + "a token or an image, not preflights or what no route knows. 0: no bound but what the machine does. "
                + "API Gateway has 10,000 for an account."),
        Setting(.totalBurst, .number(.count, 1 ... 1_000_000), .fixed("5000"),
            "How many of them may come at once: API Gateway's number."),
        Setting(.v6PrefixBits, .number(.count, 32 ... 128), .fixed("64"),
            "How much of an IPv6 address is one caller to the bounds above: a customer gets a /64 at the least, and "
                + "may use every address in it."),
    ]
}
