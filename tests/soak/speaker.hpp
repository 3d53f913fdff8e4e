// What an application does at random on one side of a connection.
#pragma once

#include "story.hpp"

#include <h2ws/session.hpp>
#include <h2ws/zlib/deflate_answer.hpp>

#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace soak {

using namespace h2ws;

// Of a tunnel or a request, as long as it has its name.
struct place {
    std::uint64_t number = 0; // of its exchange
    exchange* one = nullptr;
    const connect_request* request = nullptr; // that a server has not answered
    enum class stage : std::uint8_t { asked, open, closed } at = stage::asked;
    bool close_told = false;
    bool paused = false;
    bool full = false;          // since a call said queue_full
    std::size_t unconsumed = 0; // octets that were told
};

template <class Session>
class speaker {
public:
    static constexpr bool is_client = Session::is_client;

    speaker(Session& session, story& told, test::dice& random, const allocator& memory)
        : session_(session),
          story_(told),
          random_(random),
          memory_(memory) {}

    void act(instant now) {
        now_ = now;
        if constexpr (is_client) {
            if (tunnels_.size() < story_.most && random_.one_in(8)) return open();
            if (requests_.size() < 3 && random_.one_in(40)) return request();
        } else if (!late_.empty() && random_.one_in(3)) {
            return answer_late();
        }
        if (!requests_.empty() && random_.one_in(4)) return write_bodies();
        if (tunnels_.empty()) return;
        const auto at =
            std::next(tunnels_.begin(), random_.below(static_cast<std::uint32_t>(tunnels_.size())));
        act({at->first}, at->second);
    }

    void shutdown(instant now) {
        story_.met.shut_down = true;
        session_.shutdown(now);
    }

    // From now on all is consumed as it comes.
    void resume(instant now) {
        now_ = now;
        never_pauses_ = true;
        for (auto& [name, at] : tunnels_) {
            at.paused = false;
            consume({name}, at);
        }
    }

    // What waits for an answer gets one; all that is open is closed.
    void close_all(instant now) {
        now_ = now;
        if constexpr (!is_client)
            while (!late_.empty()) answer_late();
        for (auto& [name, at] : tunnels_) {
            if (at.at != place::stage::open) continue;
            if (!at.one->said_by(is_client).close) close({name}, at);
        }
    }

    // Bodies that are not written yet. Whether there is none left.
    bool write_bodies(instant now) {
        now_ = now;
        write_bodies();
        return unwritten_.empty();
    }

    bool all_released() const { return tunnels_.empty() && requests_.empty(); }
    std::size_t live() const { return tunnels_.size(); }

    // Whether nothing that this side sent on an open tunnel is still on its way. The body of a
    // request that waits for its turn may be in the way of a full queue.
    bool all_left() const {
        bool crowded = false;
        for (const auto& [name, at] : requests_)
            crowded = crowded || session_.queued(request_id{name}) != 0;
        for (const auto& [name, at] : tunnels_)
            if (at.at == place::stage::open &&
                (session_.queued(tunnel_id{name}) != 0 || (at.full && !crowded) ||
                 !at.one->all_heard(is_client)))
                return false;
        return true;
    }

protected:
    void act(tunnel_id name, place& at) {
        if (at.at != place::stage::open) return;
        half& ours = at.one->said_by(is_client);
        switch (random_.below(18)) {
        case 0: return ping(name, at);
        case 1:
            at.paused = !at.paused && !never_pauses_;
            return at.paused ? void() : consume(name, at);
        case 2:
            if (random_.one_in(6)) close(name, at);
            return;
        case 3:
            if (!random_.one_in(12)) return;
            ours.reset = session_.reset(name, http2_error::cancel, now_).has_value() || ours.reset;
            return;
        case 4:
            if (!random_.one_in(4)) return say(name, at);
            for (int left = 50; left != 0 && !at.full && !ours.close; --left) say(name, at);
            return;
        default: return say(name, at);
        }
    }

    // A message, or some of it.
    void say(tunnel_id name, place& at) {
        half& ours = at.one->said_by(is_client);
        const said whole = story_.next(at.number, is_client, ours.messages);
        const auto left = static_cast<std::uint32_t>(whole.bytes.size() - ours.octets);
        std::size_t size = left;
        if ((ours.inside && !random_.one_in(4)) || random_.one_in(3))
            size = random_.below(left + 1);
        const bool fin = size == left && !random_.one_in(8);
        const std::string_view part = whole.bytes.substr(ours.octets, size);
        if (!took(send(name, whole.type, part, fin), at)) return;
        ours.inside = !fin;
        ours.octets += size;
        if (!fin) return;
        ++ours.messages;
        ours.octets = 0;
    }

    result<void> send(tunnel_id name, opcode type, std::string_view part, bool fin) {
        if (!random_.one_in(4)) return session_.send(name, type, as_bytes(part), now_, fin);
        message_buffer moved(memory_);
        if (const auto done = moved.append(part); !done) return done;
        return session_.send(name, type, std::move(moved), now_, fin);
    }

    void ping(tunnel_id name, place& at) {
        std::uint64_t& pings = at.one->said_by(is_client).pings;
        pings += took(session_.send_ping(name, as_bytes(std::to_string(pings)), now_), at);
    }

    void close(tunnel_id name, place& at) {
        static constexpr status_code codes[]{status_code::normal_closure, status_code::going_away,
                                             status_code::internal_error, status_code{3000},
                                             status_code{4999}};
        const status_code code = random_.any(codes);
        if (took(session_.send_close(name, code, reason(at.number), now_), at))
            at.one->said_by(is_client).close = code;
    }
    static std::string reason(std::uint64_t number) {
        return number % 3 == 0 ? std::string() : "enough \u20ac" + std::to_string(number);
    }

    // Whether a call was taken; if not, for a reason that it may have.
    bool took(const result<void>& done, place& at) {
        const errc error = done.error();
        if (error == errc::queue_full) {
            at.full = true;
            ++story_.counted.full;
        } else if (error == errc::not_open) {
            require(at.at == place::stage::closed || at.close_told || ended_ ||
                        at.one->said_by(is_client).close || at.one->said_by(is_client).reset ||
                        story_.met.any(),
                    "a call on an open tunnel said not_open");
        } else if (error != errc::none) {
            require(story_.met.scarce[is_client], "a call failed", error);
        }
        return error == errc::none;
    }

    void consume(tunnel_id name, place& at) {
        session_.consume(name, std::exchange(at.unconsumed, 0));
    }

    void open() {
        const std::uint64_t number = ++story_.asked;
        exchange& one = story_.exchanges[number];
        const std::uint32_t chance = random_.below(16);
        one.how = chance == 0   ? answer::refuse
                  : chance == 1 ? answer::ignore
                  : chance < 4  ? answer::late
                                : answer::accept;
        one.subprotocol = random_.one_in(3);
        const bool deflate = story_.deflates && random_.one_in(2);
        const std::string path = "/t/" + std::to_string(number);
        zlib::permessage_deflate extension;
        if (deflate)
            if (auto made = zlib::permessage_deflate::with({.memory_level = 4, .memory = memory_}))
                extension = *std::move(made);
        const auto made = session_.open(
            {.authority = "soak.test",
             .path = path,
             .subprotocols = one.subprotocol ? "chat, soak" : "",
             .extensions = deflate ? "permessage-deflate; client_max_window_bits" : ""},
            now_, std::move(extension));
        if (made) {
            ++story_.counted.tunnels;
            tunnels_[made->value] = {.number = number, .one = &one};
        } else {
            require(made.error() == errc::not_open || made.error() == errc::too_many_tunnels ||
                        (story_.met.scarce[1] && made.error() == errc::no_memory) ||
                        story_.met.any_damage(),
                    "a tunnel could not be asked for", made.error());
            story_.exchanges.erase(number);
        }
    }

    void request() {
        const std::uint64_t number = ++story_.asked;
        const std::string path = "/r/" + std::to_string(number);
        const field head[]{{":method", "POST"},
                           {":scheme", "https"},
                           {":authority", "soak.test"},
                           {":path", path}};
        const auto made = session_.request(head, false, now_);
        if (!made) {
            require(made.error() == errc::not_open || made.error() == errc::queue_full ||
                        (story_.met.scarce[1] && made.error() == errc::no_memory),
                    "a request could not be made", made.error());
            return;
        }
        ++story_.counted.requests;
        requests_[made->value] = {.number = number, .one = &story_.exchanges[number]};
        unwritten_.push_back(made->value);
    }

    // A client's bodies, of which a queue may take a part only.
    void write_bodies() {
        std::vector<std::uint64_t> left;
        for (const std::uint64_t name : unwritten_) {
            const auto at = requests_.find(name);
            if (at != requests_.end() && !write_body({name}, at->second)) left.push_back(name);
        }
        unwritten_ = left;
    }

    // Whether there is no more of it to write.
    bool write_body(request_id name, place& at) {
        half& ours = at.one->said_by(is_client);
        const said body = story_.next(at.number, is_client, 0);
        const std::string_view rest = body.bytes.substr(ours.octets, 1'000);
        const bool last = ours.octets + rest.size() == body.bytes.size();
        if (const auto done = session_.write(name, as_bytes(rest), last, now_); !done)
            return done.error() != errc::queue_full;
        ours.inside = !last;
        ours.octets = last ? 0 : ours.octets + rest.size();
        ours.messages += last;
        return last;
    }

    void answer_late() {
        if constexpr (!is_client) {
            const tunnel_id name = late_.back();
            late_.pop_back();
            if (const auto at = tunnels_.find(name.value); at != tunnels_.end())
                if (at->second.at == place::stage::asked) accept(name, at->second);
        }
    }

    // A server's.
    void accept(tunnel_id name, place& at) {
        if constexpr (!is_client) {
            zlib::deflate_answer deflate(*at.request, {}, {.memory_level = 4, .memory = memory_});
            const bool compressed = !deflate.text().empty();
            const bool chats = at.request->offered_subprotocols().contains("soak");
            const auto done = session_.accept(
                name, {.subprotocol = chats ? "soak" : "", .extensions = deflate.text()}, now_,
                deflate.take());
            require(done || done.error() == errc::not_open || story_.met.scarce[0],
                    "a tunnel could not be accepted", done.error());
            if (!done) return;
            at.at = place::stage::open;
            at.request = nullptr;
            at.one->deflate = compressed;
            ++story_.counted.opened;
        }
    }

    Session& session_;
    story& story_;
    test::dice& random_;
    allocator memory_;
    instant now_ = 0;
    bool ended_ = false;
    bool never_pauses_ = false;
    std::map<std::uint64_t, place> tunnels_, requests_; // by name
    std::vector<std::uint64_t> unwritten_;
    std::vector<tunnel_id> late_; // answers that are owed
};

} // namespace soak
