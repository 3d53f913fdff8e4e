// A session whose transport does nothing: what its streams hold is all that is held.
#pragma once

#include "octets.hpp"

#include <h2ws/client_session.hpp>
#include <h2ws/server_session.hpp>

#include <string>
#include <type_traits>
#include <vector>

template <class Engine, class Role>
using still_role =
    std::conditional_t<Role::is_client, h2ws::client_session<Engine, h2ws::no_extension>,
                       h2ws::server_session<Engine, h2ws::no_extension>>;

template <class Role>
class still_session : public still_role<still_session<Role>, Role> {
    using base = still_role<still_session, Role>;
    template <class, class, class>
    friend class h2ws::session_streams;
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend base;

public:
    using stream_type = typename base::stream_type;
    explicit still_session(Role role, const h2ws::session_options& options = {}) noexcept
        : base(role, options) {}
    using base::next_event;
    using base::stream_closed;

    std::vector<std::string> asked; // of the transport, but credit
    bool can_submit = true;

    // A field section arrives.
    void section(stream_type& at, const std::vector<h2ws::field>& fields, bool end = false) {
        this->section_begins(at);
        for (const h2ws::field& line : fields) this->section_field(at, line);
        this->section_complete(at, end);
    }

    // A new stream with its request; nullptr: no memory.
    stream_type* asks(std::int32_t number, const std::vector<h2ws::field>& fields) {
        stream_type* const at = this->begin_request(number);
        if (at != nullptr) section(*at, fields);
        return at;
    }

    // The stream that was submitted last.
    stream_type& submitted() { return *submitted_; }

    void allows() {
        if constexpr (Role::is_client) {
            (void)this->setting(h2ws::settings_enable_connect_protocol, 1);
            this->settings_complete({});
        }
    }

    // Payload arrives; `in` is what is left of it.
    std::optional<h2ws::stream_event> data(stream_type& at, h2ws::mutable_bytes& in) {
        std::optional<h2ws::stream_event> found;
        while (!found && !in.empty()) this->receive_data(at, in, found);
        return found;
    }

    // All output of a stream leaves.
    std::string take(stream_type& at) {
        const auto ready = this->next_output(at);
        this->take_output(at, ready.size, ready.end_stream);
        std::string text;
        for (const h2ws::const_bytes span : this->out_.spans()) text += h2ws::as_text(span);
        this->written(text.size());
        return text;
    }

    void end_all() {
        this->end_connection(h2ws::errc::connection_lost, h2ws::http2_error::no_error);
    }

private:
    bool submit_headers(stream_type& at, std::span<const h2ws::field>, bool) noexcept {
        submitted_ = &at;
        if (at.stream_id == 0) at.stream_id = std::exchange(next_number_, next_number_ + 2);
        return can_submit;
    }
    bool submit_interim(stream_type&, std::span<const h2ws::field>) noexcept { return can_submit; }
    bool submit_trailers(stream_type&, std::span<const h2ws::field>) noexcept { return can_submit; }
    void submit_reset(stream_type& at, h2ws::http2_error code) noexcept {
        asked.push_back("reset " + std::to_string(at.stream_id) + ' ' +
                        std::string(h2ws::name(code)));
    }
    void resume(stream_type&) noexcept {}
    void credit(stream_type&, std::size_t) noexcept {}
    void credit_connection(std::size_t) noexcept {}
    void submit_shutdown() noexcept {}

    stream_type* submitted_ = nullptr;
    std::int32_t next_number_ = 1;
};
