// A client that has asked for something ordinary, and a server that was asked: the other side is
// made by hand.
#pragma once

#include "alone.hpp"

namespace session_suite {

inline std::vector<field> ordinary(std::string_view method, std::string_view path = "/") {
    return {{":method", method}, {":scheme", "https"}, {":authority", "a.test"}, {":path", path}};
}

// The client's requests are streams 1, 3, ...
template <class Model>
struct asking_client {
    asking_client() { hears(Model::server_preface(true)); }

    alone<typename Model::client> client;

    request_id asks(std::string_view method, bool end = true) {
        const auto made = client.side.call(
            [&](auto& session) { return session.request(ordinary(method), end, client.now); });
        REQUIRE(made);
        hears({});
        return *made;
    }
    void hears(const octets& bytes) { client.hears(bytes); }
    void hears_bytes(const octets& bytes) {
        for (const char octet : bytes) client.hears({octet});
    }
    lines& log() { return client.side.log; }
    lines frames() const { return Model::frames(client.side.written, true); }
};

// The server's requests come from hand on streams 1, 3, ...
template <class Model>
struct asked_server {
    explicit asked_server(session_options options = {}) : server(options) {
        hears(Model::client_preface());
    }

    alone<typename Model::server> server;

    void hears(const octets& bytes) { server.hears(bytes); }
    void hears_bytes(const octets& bytes) {
        for (const char octet : bytes) server.hears({octet});
    }
    request_id asked(std::uint32_t stream, const std::vector<field>& fields, bool end) {
        hears(Model::headers(stream, fields, end));
        return server.side.asked;
    }
    template <class Call>
    errc call(Call&& what) {
        const errc error = server.side.call(what).error();
        hears({});
        return error;
    }
    errc responds(request_id to, std::uint16_t status, std::span<const field> fields,
                  std::string_view body, bool end = true) {
        return call([&](auto& session) {
            return session.respond(to, status, fields, as_bytes(body), server.now, end);
        });
    }
    errc informs(request_id of, std::uint16_t status, std::span<const field> fields = {}) {
        return call(
            [&](auto& session) { return session.send_interim(of, status, fields, server.now); });
    }
    errc trails(request_id of, std::span<const field> trailers) {
        return call([&](auto& session) { return session.send_trailers(of, trailers, server.now); });
    }
    lines& log() { return server.side.log; }
    lines frames() const { return Model::frames(server.side.written, false); }
};

} // namespace session_suite
