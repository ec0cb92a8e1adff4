extension S3Problem {
    /// Whether the credentials' time is over ("Error responses" of the Amazon S3 API Reference). Others may be here
    /// before the request is sent again, so it is worth sending.
    var saysExpiredCredentials: Bool { code == "ExpiredToken" || code == "ExpiredTokenException" }
}
