// One side's application: it does things at random, and checks all that its session tells.
#pragma once

#include "speaker.hpp"

#include <charconv>
#include <utility>

namespace soak {

template <class Session>
class application : public speaker<Session> {
    using base = speaker<Session>;

public:
    using base::base;
    using base::is_client;

    void handle(const stream_event& happened, instant now) {
        require(!this->ended_, "an event came after connection_ended");
        this->now_ = now;
        std::visit([this](const auto& what) { this->told(what); }, happened);
    }

    bool ended() const { return this->ended_; }
    errc error() const { return error_; }

    // Every tunnel and request that was told of, or asked for, has had its end.
    void check_over() const {
        require(this->ended_, "no connection_ended came");
        require(this->all_released(), "a tunnel or a request was never released");
    }

private:
    using stage = place::stage;

    place& at(tunnel_id name) {
        const auto found = this->tunnels_.find(name.value);
        require(found != this->tunnels_.end(), "an event names no tunnel that lives");
        return found->second;
    }
    place& at(request_id name) {
        const auto found = this->requests_.find(name.value);
        require(found != this->requests_.end(), "an event names no request that lives");
        return found->second;
    }

    // What a request is about, by its path; a new one where damage made it unknown.
    std::pair<std::uint64_t, exchange*> asked_for(std::string_view path) {
        story& all = this->story_;
        std::uint64_t number = 0;
        if (path.size() > 3) std::from_chars(path.data() + 3, path.data() + path.size(), number);
        auto found = all.exchanges.find(number);
        const bool known = found != all.exchanges.end() && !found->second.told;
        require(known || all.met.damaged[0], "a request came that nobody made");
        if (!known) {
            number = ++all.asked;
            found = all.exchanges.emplace(number, exchange{}).first;
        }
        found->second.told = true;
        found->second.unsure = found->second.unsure || all.met.damaged[0];
        return {number, &found->second};
    }

    void told(const tunnel_requested& what) {
        if constexpr (!is_client) {
            const auto [number, one] = asked_for(what.request->path);
            const auto [found, is_new] =
                this->tunnels_.emplace(what.tunnel.value, place{.number = number, .one = one});
            require(is_new, "a name was given twice");
            found->second.request = what.request;
            switch (one->how) {
            case answer::accept: return this->accept(what.tunnel, found->second);
            case answer::late: return this->late_.push_back(what.tunnel);
            case answer::refuse:
                (void)this->session_.refuse(what.tunnel, 403, this->now_, {}, "not here");
                return;
            case answer::ignore: return;
            }
        }
    }
    void told(const request_rejected& what) {
        require(what.error == errc::too_many_tunnels || this->story_.met.any_damage() ||
                    this->story_.met.scarce[0],
                "a request was rejected", what.error);
    }
    void told(const tunnel_opened& what) {
        place& here = at(what.tunnel);
        require(here.at == stage::asked, "a tunnel opened twice");
        here.at = stage::open;
        require(here.one->unsure || this->story_.met.any_damage() ||
                    (what.response->subprotocol == "soak") == here.one->subprotocol,
                "another subprotocol than the server's");
    }
    void told(const tunnel_refused& what) {
        place& here = at(what.tunnel);
        require(here.at == stage::asked, "a tunnel was refused that was open, or refused");
        here.at = stage::closed;
        require(what.status == 503 || this->story_.may_end(*here.one, is_client, what.error),
                "a tunnel was refused", what.error);
        if (what.status == 403 && here.one->how == answer::refuse && !this->story_.met.any())
            require(what.body == "not here", "the refusal's body is not the server's");
        ++this->story_.counted.refused[static_cast<std::size_t>(what.error)];
    }

    void told(const tunnel_event& what) {
        place& here = at(what.tunnel);
        require(here.at != stage::closed, "an event came after closed");
        here.unconsumed += what.wire_bytes;
        std::visit([&](const auto& said) { this->told(what.tunnel, here, said); }, what.what);
        if (!here.paused) this->consume(what.tunnel, here);
    }
    void told(tunnel_id name, place& here, const message_chunk& chunk) {
        require(here.at == stage::open, "a message came before the answer");
        require(chunk.last || !chunk.payload.empty(), "a piece is empty");
        half& theirs = here.one->said_by(!is_client);
        const bool sure = !here.one->unsure && !this->story_.met.damaged[is_client];
        if (sure) require(chunk.first != theirs.heard_inside, "first is wrong");
        this->story_.hear(here.number, *here.one, !is_client, as_text(chunk.payload), chunk.type,
                          chunk.last);
        if (chunk.last && this->random_.one_in(4)) this->say(name, here); // with what is lent
    }
    void told(tunnel_id, place& here, const h2ws::ping& said) {
        half& theirs = here.one->said_by(!is_client);
        if (said.payload.empty() || here.one->unsure || this->story_.met.damaged[is_client]) return;
        require(as_text(said.payload) == std::to_string(theirs.heard_pings) &&
                    theirs.heard_pings < theirs.pings,
                "a ping is not what was sent");
        ++theirs.heard_pings;
        ++this->story_.counted.pings;
    }
    void told(tunnel_id, place& here, const pong& said) {
        if (said.payload.empty() || here.one->unsure || this->story_.met.any_damage()) return;
        std::uint64_t number = 0;
        const std::string_view text = as_text(said.payload);
        std::from_chars(text.data(), text.data() + text.size(), number);
        require(number < here.one->said_by(is_client).pings, "a pong answers no ping");
    }
    void told(tunnel_id, place& here, const close_frame& said) {
        require(!std::exchange(here.close_told, true), "a second Close was told");
        const half& theirs = here.one->said_by(!is_client);
        if (!theirs.close || here.one->unsure || this->story_.met.any_damage()) return;
        require(said.code == *theirs.close && said.reason == this->reason(here.number),
                "a Close is not what was sent");
        require(here.one->all_heard(!is_client), "a message did not come before the Close");
    }
    void told(tunnel_id, place& here, const closed& said) {
        here.at = stage::closed;
        require(said.error != errc::none || here.close_told, "a clean end without a Close");
        require(this->story_.may_end(*here.one, is_client, said.error), "a tunnel ended",
                said.error);
        ++this->story_.counted.closed[static_cast<std::size_t>(said.error)];
    }
    void told(const tunnel_data&) { throw violation("data of a raw tunnel"); }
    void told(const tunnel_writable& what) {
        place& here = at(what.tunnel);
        require(here.full, "tunnel_writable without queue_full");
        here.full = false;
        if (here.at == stage::open && !this->never_pauses_) this->say(what.tunnel, here);
    }
    void told(const tunnel_released& what) {
        const place& here = at(what.tunnel);
        require(here.at == stage::closed || !is_client || this->story_.met.scarce[1] ||
                    this->story_.met.any_damage(),
                "a tunnel was released that had no end");
        require(here.at != stage::open, "a tunnel was released that had no closed");
        this->tunnels_.erase(what.tunnel.value);
    }

    void told(const request_received& what) {
        if constexpr (!is_client) {
            const auto [number, one] = asked_for(what.head->path);
            this->requests_.emplace(what.request.value, place{.number = number, .one = one});
            if (what.end) respond(what.request);
        }
    }
    void told(const interim_received&) { throw violation("an interim answer that nobody sent"); }
    void told(const response_received& what) {
        require(what.head->status == 200 || this->story_.met.any_damage(), "another status");
    }
    void told(const body_received& what) {
        place& here = at(what.request);
        half& theirs = here.one->said_by(!is_client);
        if (!what.payload.empty() || (what.end && theirs.heard == 0))
            this->story_.hear(here.number, *here.one, !is_client, as_text(what.payload), {},
                              what.end);
        this->session_.consume(what.request, what.wire_bytes);
        if constexpr (!is_client)
            if (what.end) respond(what.request);
    }
    void respond(request_id request) {
        if constexpr (!is_client) {
            place& here = at(request);
            half& ours = here.one->said_by(false);
            const said body = this->story_.next(here.number, false, 0);
            const auto done =
                this->session_.respond(request, 200, {}, as_bytes(body.bytes), this->now_);
            require(done || this->story_.met.any(), "a request was not answered", done.error());
            ours.messages += done.has_value();
        }
    }
    void told(const request_writable&) {}
    void told(const request_released& what) {
        at(what.request);
        require(this->story_.may_end(is_client, what.error) || this->story_.met.any() ||
                    what.error == errc::stream_not_processed,
                "a request ended", what.error);
        this->requests_.erase(what.request.value);
    }
    void told(const settings_received&) {}
    void told(const goaway_received&) {}
    void told(const connection_ended& what) {
        this->ended_ = true;
        error_ = what.error;
        require(this->story_.may_end(is_client, what.error), "the connection ended", what.error);
        ++this->story_.counted.ended[static_cast<std::size_t>(what.error)];
    }

    errc error_ = errc::none;
};

} // namespace soak
