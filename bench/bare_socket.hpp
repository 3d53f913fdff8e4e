// The transports of bare_server.cpp: a socket that does not block, with or without OpenSSL on it.
#pragma once

#include "bare_tunnel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace bench {

// Nothing for cleartext. ALPN chooses h2 and nothing else.
inline SSL_CTX* bare_tls(const char* certificate, const char* key) {
    SSL_CTX* const made = SSL_CTX_new(TLS_server_method());
    if (made == nullptr || SSL_CTX_use_certificate_chain_file(made, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(made, key, SSL_FILETYPE_PEM) != 1)
        std::abort();
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(made, 1);
    SSL_CTX_set_default_read_buffer_len(made, 65'536);
    const auto choose = [](SSL*, const unsigned char** chosen, unsigned char* size,
                           const unsigned char* offered, unsigned offered_size, void*) {
        for (unsigned at = 0; at + 2 < offered_size; at += offered[at] + 1u)
            if (offered[at] == 2 && std::memcmp(offered + at + 1, "h2", 2) == 0) {
                *chosen = offered + at + 1;
                *size = 2;
                return SSL_TLSEXT_ERR_OK;
            }
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    };
    SSL_CTX_set_alpn_select_cb(made, choose, nullptr);
    return made;
}

class bare_socket {
public:
    bare_socket(int descriptor, SSL_CTX* tls) : descriptor_(descriptor) {
        const int yes = 1; // without it, answers are slower
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (tls == nullptr) return;
        tls_ = SSL_new(tls);
        if (tls_ == nullptr || SSL_set_fd(tls_, descriptor) != 1) std::abort();
        SSL_set_accept_state(tls_);
    }
    bare_socket(const bare_socket&) = delete;
    bare_socket& operator=(const bare_socket&) = delete;
    ~bare_socket() {
        SSL_free(tls_);
        close(descriptor_);
    }

    int descriptor() const { return descriptor_; }

    // Instead of a number of octets.
    enum : ssize_t { ended = -1, later = 0 };

    // What is there by now, as far as there is room: OpenSSL gives a record at a time, and the
    // socket does not tell of those that it holds. `ended` comes alone.
    template <std::size_t Size>
    ssize_t fill(std::array<std::uint8_t, Size>& room) {
        std::size_t size = 0;
        while (size < Size) {
            const ssize_t got = read(room.data() + size, Size - size);
            if (got == ended && size == 0) return ended;
            if (got <= 0) break;
            size += static_cast<std::size_t>(got);
            if (tls_ == nullptr) break;
        }
        return static_cast<ssize_t>(size);
    }

    ssize_t write(octets from) {
        if (tls_ != nullptr)
            return outcome(SSL_write(tls_, from.data(), static_cast<int>(from.size())));
        const ssize_t put = send(descriptor_, from.data(), from.size(), MSG_NOSIGNAL);
        return put > 0 ? put : is_later() ? later : ended;
    }

    bool established() const { return tls_ == nullptr || SSL_is_init_finished(tls_) != 0; }

private:
    ssize_t read(std::uint8_t* into, std::size_t size) {
        if (tls_ != nullptr) return outcome(SSL_read(tls_, into, static_cast<int>(size)));
        const ssize_t got = recv(descriptor_, into, size, 0);
        return got > 0 ? got : got < 0 && is_later() ? later : ended;
    }

    static bool is_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

    ssize_t outcome(int done) const {
        if (done > 0) return done;
        const int why = SSL_get_error(tls_, done);
        return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? later : ended;
    }

    const int descriptor_;
    SSL* tls_ = nullptr;
};

} // namespace bench
