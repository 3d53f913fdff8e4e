// A party with a session of one engine.
#pragma once

#include "application.hpp"
#include "party.hpp"

#include <cstring>
#include <vector>

namespace soak {

// As each source of masking keys must not be: the same in each run.
inline bool known_key(void*, masking_key& key) noexcept {
    key = {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};
    return true;
}

template <class Session>
class side final : public party {
public:
    side(const party_set_up& how, scarce_memory& memory, story& told, test::dice& random)
        : memory_(memory),
          bound_(how.bound),
          session_(role(), how.options),
          application_(session_, told, random, how.options.memory) {}

    void act(instant now) override {
        application_.act(now);
        run_dry(now);
    }
    std::string transmit(std::size_t most, instant now) override {
        std::string out;
        for (const const_bytes span : session_.transmit(now)) {
            require(!span.empty(), "an empty span is offered");
            out += as_text(span.first(std::min(span.size(), most - out.size())));
            if (out.size() == most) break;
        }
        session_.transmitted(out.size());
        run_dry(now);
        return out;
    }
    void receive(std::string_view octets, instant now) override {
        std::vector<std::byte> memory(octets.size()); // of its own size
        if (!octets.empty()) std::memcpy(memory.data(), octets.data(), octets.size());
        poll(memory, now);
    }
    instant deadline() const override { return session_.deadline(); }
    void expire(instant now) override {
        session_.expire(now);
        run_dry(now);
    }
    void lost(bool in_order, instant now) override {
        session_.lost(in_order ? connection_loss::closed_by_peer : connection_loss::failed);
        run_dry(now);
    }
    void shutdown(instant now) override {
        application_.shutdown(now);
        run_dry(now);
    }
    void resume(instant now) override {
        application_.resume(now);
        run_dry(now);
    }
    bool write_bodies(instant now) override {
        const bool all = application_.write_bodies(now);
        run_dry(now);
        return all;
    }
    void close_all(instant now) override {
        application_.close_all(now);
        run_dry(now);
    }
    bool finished() const override { return session_.finished(); }
    bool ended() const override { return application_.ended(); }
    bool bears_tunnels() const override { return application_.live() != 0; }
    bool all_left() const override { return application_.all_left(); }
    void check_over() const override {
        application_.check_over();
        require(session_.stream_count() == 0, "a stream is left");
    }

private:
    static auto role() {
        if constexpr (Session::is_client)
            return client{.keys = {.next = known_key}};
        else
            return server{};
    }

    void run_dry(instant now) { poll({}, now); }

    void poll(mutable_bytes in, instant now) {
        for (int events = 0;; ++events) {
            require(events < 2'000'000, "there is no end of events");
            const auto found = session_.poll(in, now);
            if (!found) break;
            application_.handle(*found, now);
        }
        require(in.empty(), "input was left");
        require(memory_.peak <= bound_, "more memory is held than the limits allow");
    }

    scarce_memory& memory_;
    std::size_t bound_;
    Session session_;
    mutable application<Session> application_;
};

} // namespace soak
