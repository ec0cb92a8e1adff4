extension SettingsTable {
    /// Unlike the other bounds by address, this one is on. A guest token is all that an upload needs and costs nothing,
    /// so whoever could have as many as they like would meet no bound at all, that of a `sub` included, since each has
    /// its own. The default is wide enough for a site behind one address that no setting names.
    static let guests: [Setting] = [
        Setting(.guestTokens, .choice(Switch.self), .computed(summary: "`off`; `on` with `--dev`") {
            $0.mode == .development ? "on" : "off"
        }, "Whether `GET /auth/guest-token` is served: tokens of five minutes for people who have not signed up, and "
            + "whoever else asks. Off: the path does not exist."),
        Setting(.guestTokenRequests, .number(.count, 0 ... 1_000_000), .fixed("60"),
            "Guest tokens for one address in a minute, over all workers; more get 429. A sign-up a second is more than "
                + "people behind one address make, and enough for a site whose clients all come from a proxy that "
                + "`SLUICE_TRUSTED_PROXIES` does not name. 0: no bound."),
        Setting(.guestTokenBurst, .number(.count, 1 ... 1_000_000), .fixed("20"),
            "How many of them may come at once."),
    ]
}
