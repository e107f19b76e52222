import CLibCurl

extension HTTPClientError {
    /// Creates the error of a finished transfer (libcurl-errors(3)).
    ///
    /// - Parameters:
    ///   - code: The code, other than `CURLE_OK`.
    ///   - words: The text of the error buffer; empty where libcurl wrote none.
    init(_ code: CURLcode, words: String) {
        self.init(Kind(code), words.isEmpty ? String(cString: curl_easy_strerror(code)) : words)
    }
}

extension HTTPClientError.Kind {
    fileprivate init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
            case CURLE_COULDNT_CONNECT: .connect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_CACERT_BADFILE:
                .tls
            case CURLE_READ_ERROR, CURLE_ABORTED_BY_CALLBACK: .unreadable
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badRequest
            default: .network
            }
    }
}
