// TLS as HTTP/2 wants it: version 1.2 or later, ALPN "h2" (RFC 9113 sections 3.2 and 9.2), with
// OpenSSL through Asio. A client verifies the server unless it is told otherwise.
#pragma once

#include <asio.hpp>
#include <asio/ssl.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace h2ws::asio {

using tls_stream = ::asio::ssl::stream<::asio::ip::tcp::socket>;

namespace tls {

// One protocol, as ALPN lists it: its length, its name.
inline constexpr unsigned char alpn_h2[]{2, 'h', '2'};

inline void common_options(::asio::ssl::context& context) {
    context.set_options(::asio::ssl::context::default_workarounds);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    // RFC 9113 §9.2.1 and §9.2.2: no compression, no renegotiation, ephemeral keys and AEAD
    SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_cipher_list(context.native_handle(), "ECDHE+AESGCM:ECDHE+CHACHA20");
}

inline int select_h2(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                     const unsigned char* offered, unsigned int offered_size, void*) {
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, chosen_size, alpn_h2, sizeof alpn_h2, offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; // no_application_protocol (RFC 7301 §3.2)
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

} // namespace tls

// A server's context; the caller adds its certificate and key. Clients that offer ALPN without h2
// are turned away.
inline ::asio::ssl::context server_tls_context() {
    ::asio::ssl::context context(::asio::ssl::context::tls_server);
    tls::common_options(context);
    SSL_CTX_set_alpn_select_cb(context.native_handle(), tls::select_h2, nullptr);
    return context;
}

// A client's context, which trusts what the system trusts; the caller may add a CA.
inline ::asio::ssl::context client_tls_context() {
    ::asio::ssl::context context(::asio::ssl::context::tls_client);
    tls::common_options(context);
    context.set_default_verify_paths();
    context.set_verify_mode(::asio::ssl::verify_peer);
    SSL_CTX_set_alpn_protos(context.native_handle(), tls::alpn_h2, sizeof tls::alpn_h2);
    return context;
}

// Before the client's handshake: the server's name is sent (RFC 6066 §3) and its certificate has to
// be for that name or address.
inline void expect_server(tls_stream& stream, const std::string& host) {
    std::error_code not_an_address;
    ::asio::ip::make_address(host, not_an_address);
    if (not_an_address) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
    stream.set_verify_callback(::asio::ssl::host_name_verification(host));
}

// After the handshake: whether both sides agreed on HTTP/2. A peer without ALPN did not.
inline bool speaks_h2(tls_stream& stream) {
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(stream.native_handle(), &chosen, &size);
    return size == 2 && chosen[0] == 'h' && chosen[1] == '2';
}

} // namespace h2ws::asio
