// Three tunnels on one connection, whose peer is made by hand: what goes wrong on the second is not
// to touch the others.
#pragma once

#include "../session_suite/alone.hpp"

namespace rule_suite {

// Whether a model speaks HTTP/2 in frames of its own making, and not the in-memory records.
template <class Model>
inline constexpr bool speaks_http2 = requires {
    Model::frame(0, 0, 0, "");
};

// Three tunnels on one connection, whose peer is made by hand. The faults happen on the second.
template <class Model, bool IsClient>
struct three_tunnels {
    using session = std::conditional_t<IsClient, typename Model::client, typename Model::server>;

    explicit three_tunnels(session_options options = {}) : us(options) {
        us.hears(IsClient ? Model::server_preface(true) : Model::client_preface());
        us.side.echoes = true;
        for (std::uint32_t stream = 1; stream < 7; stream += 2) open(stream);
    }

    void open(std::uint32_t stream) {
        if constexpr (IsClient) {
            names.push_back(ask());
            us.hears(Model::headers(stream, std::vector<field>{{":status", "200"}}, false));
        } else {
            us.hears(Model::headers(stream, websocket_request(), false));
            names.push_back(us.side.last);
        }
        REQUIRE(us.side.at(names.back()).opened);
    }

    tunnel_id ask(const connect_request& wanted = {.authority = "a.test"}) requires IsClient {
        const auto made = us.side.session.open(wanted, us.now);
        REQUIRE(made);
        us.side.at(*made);
        us.hears({});
        return *made;
    }

    // A frame as the peer has to send it, and as we have.
    octets theirs(unsigned first_octet, std::string_view payload) const {
        return IsClient ? transcript::from_server(first_octet, payload)
                        : transcript::from_client(first_octet, payload);
    }
    octets ours(unsigned first_octet, std::string_view payload) const {
        return IsClient ? transcript::from_client(first_octet, payload)
                        : transcript::from_server(first_octet, payload);
    }

    void second_hears(const octets& bytes, bool end = false) {
        us.hears(Model::data(3, bytes, end));
    }

    void passes(duration span) {
        us.now += span;
        us.side.expire();
        us.hears({});
    }

    lines frames() const { return Model::frames(us.side.written, IsClient); }
    std::size_t said(const octets& bytes) const {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = us.side.written.find(bytes, at)) != octets::npos; ++at)
            ++count;
        return count;
    }

    // The first and the third tunnel are as if nothing had happened.
    void check_others() {
        CHECK_FALSE(us.side.ended);
        ++round_;
        for (const std::uint32_t stream : {1U, 5U}) {
            const std::string text = "echo " + std::to_string(round_ * 10 + stream);
            us.hears(Model::data(stream, theirs(0x81, text), false));
            CHECK(said(ours(0x81, text)) == 1);
            CHECK(us.side.tunnels.at(names[stream / 2].value).closed == 0);
        }
    }

    // The second has been told of this once. The code is the one that arrived; of a reset of ours
    // it may be told or not.
    void check_closed(errc error, std::string_view code = {}) {
        const std::string line = "closed " + std::string(info(error).name);
        const lines told = us.side.of(2);
        CAPTURE(told);
        CHECK(std::count_if(told.begin(), told.end(), [&](const std::string& one) {
                  return code.empty() ? one == line || one.starts_with(line + ' ')
                                      : one == line + ' ' + std::string(code);
              }) == 1);
        CHECK(us.side.tunnels.at(names[1].value).closed == 1);
    }

    alone<session> us;
    std::vector<tunnel_id> names;

private:
    std::size_t round_ = 0; // of checks, so that no echo is taken for another
};

} // namespace rule_suite

using namespace rule_suite;
