// What an endpoint of ours does about field blocks and about streams that are not there: the states
// of RFC 9113 section 5.1 and the blocks of section 4.3.
#pragma once

#include "idle_priorities.hpp"
#include "session_output.hpp"

#include <optional>

namespace h2ws::http2 {

template <class Self, class Role, class Extension>
class session_sections : public session_output<Self, Role, Extension> {
    using base = session_output<Self, Role, Extension>;

public:
    using typename base::stream_type;

protected:
    using typename base::entry;

    session_sections(Role role, const session_options& options) noexcept
        : base(role, options),
          idle_priorities_(options.memory),
          decoder_(options.memory, table_size),
          block_(options.memory) {}

    // The connection is over once the GOAWAY that says why has left.
    bool fail(errc why) noexcept {
        this->terminate(why);
        return false;
    }

    // ---- streams that are not there -------------------------------------------------------------

    bool may_be_opened_by_peer(std::int32_t stream_id) const noexcept {
        return !Role::is_client && stream_id % 2 == 1;
    }

    bool is_idle(std::int32_t stream_id) const noexcept {
        if (may_be_opened_by_peer(stream_id)) return stream_id > this->highest_peer_id_;
        if (Role::is_client && stream_id % 2 == 1)
            return this->next_id_ > 0 && stream_id >= this->next_id_;
        return true; // the other side's numbers: nobody has opened one, or may
    }

    // A frame that needs a stream, for one that there is not, or not any more (RFC 9113 §5.1).
    // `opens`: it could have opened it.
    void frame_without_stream(std::int32_t stream_id, bool opens = false) noexcept {
        if (is_idle(stream_id)) {
            fail(errc::frame_unexpected); // RFC 9113 §6.1 (R106)
            return;
        }
        if (stream_id > this->last_taken_id_) return; // RFC 9113 §6.8: it is not looked at
        switch (this->closed_.find(stream_id)) {
        case stream_end_kind::reset_by_us: return; // RFC 9113 §5.1 (R96), §5.4.2 (R101)
        case stream_end_kind::both_ended: this->terminate(errc::frame_on_closed_stream); return;
        case stream_end_kind::skipped:
            if (opens) return this->terminate(errc::frame_unexpected); // RFC 9113 §5.1.1
            [[fallthrough]];
        case stream_end_kind::reset_by_peer:
        case stream_end_kind::forgotten: // R106
            return this->refuse_stream(stream_id, http2_error::stream_closed);
        }
    }

    void fault_on(stream_type& at, errc error) noexcept {
        this->abort(at, error, info(error).stream_error);
    }

    bool fail_stream(std::int32_t stream_id, errc error) noexcept {
        if (entry* const to = this->streams_by_id_.find(stream_id))
            fault_on(*to->stream, error);
        else if (!is_idle(stream_id))
            this->refuse_stream(stream_id, info(error).stream_error);
        else
            fail(error);
        return false;
    }

    void end_half(std::int32_t stream_id) noexcept {
        if (entry* const to = this->streams_by_id_.find(stream_id)) this->close_if_ended(*to);
    }

    // ---- field blocks (RFC 9113 §4.3) -----------------------------------------------------------

    void headers_frame(const frame_head& head, const_bytes payload) noexcept {
        const auto part = fragment_of(head, payload);
        if (!part) {
            fail(part.error());
            return;
        }
        section_stream_id_ = head.stream_id;
        section_ends_stream_ = head.has(flag::end_stream);
        continuations_ = 0;
        section_name_ = 0;
        section_prioritized_ = false;
        if (stream_type* const at = stream_of_section(head.stream_id)) {
            section_name_ = at->id;
            this->section_begins(*at);
        }
        if (this->doomed_) return;
        // RFC 9113 §4.3 (R93): also where nobody wants it, for the table must stay in step
        take_fragment(*part, head.has(flag::end_headers));
    }

    void continuation_frame(const frame_head& head, const_bytes payload) noexcept {
        if (!section_open_) {
            fail(errc::frame_unexpected);
            return;
        }
        if (++continuations_ > continuation_limit(this->options())) {
            fail(errc::flooded);
            return;
        }
        take_fragment(payload, head.has(flag::end_headers));
    }

    // The stream whose block is open: only CONTINUATION of it may follow (RFC 9113 §6.10). 0: none.
    std::int32_t open_section() const noexcept { return section_open_ ? section_stream_id_ : 0; }

    idle_priorities idle_priorities_;

private:
    // A block in one frame is decoded where it lies.
    void take_fragment(const_bytes part, bool end_headers) noexcept {
        if (end_headers && !section_open_) return decode(part);
        if (part.size() > field_block_limit(this->options()) - block_.size()) {
            fail(errc::flooded);
            return;
        }
        section_open_ = !end_headers;
        if (!block_.append(part.data(), part.size())) {
            this->out_of_memory_ = true;
            return;
        }
        if (!end_headers) return;
        const growing_array<std::byte> whole = std::move(block_);
        block_ = growing_array<std::byte>(this->options().memory);
        decode({whole.data(), whole.size()});
    }

    void decode(const_bytes block) noexcept {
        const errc error = decoder_.decode(block, [this](const field& line) {
            stream_type* const at = this->streams_.find(section_name_);
            if (at == nullptr || at->stage >= stream_stage::over) return;
            if (!Role::is_client && line.name == "priority" && this->awaits_head(*at))
                note_priority(*at, line.value);
            this->section_field(*at, line);
        });
        if (error == errc::no_memory) {
            this->out_of_memory_ = true;
            return;
        }
        if (error != errc::none) { // RFC 9113 §4.3 (R93): the tables are out of step
            fail(error);
            return;
        }
        stream_type* const at = this->streams_.find(section_name_);
        if (at == nullptr || at->stage >= stream_stage::over) return;
        this->section_complete(*at, section_ends_stream_);
        if (Role::is_client && this->awaits_head(*at)) this->count(flood::small_frames); // interim
        end_half(section_stream_id_);
    }

    // The stream whose section begins; nullptr: the block is only decoded.
    stream_type* stream_of_section(std::int32_t stream_id) noexcept {
        if (entry* const to = this->streams_by_id_.find(stream_id)) {
            stream_type& at = *to->stream;
            if (at.stage >= stream_stage::over) return nullptr;
            if (!at.end_received) return &at;
            fault_on(at, errc::frame_on_closed_stream); // RFC 9113 §5.1 (R94)
            return nullptr;
        }
        if (!may_be_opened_by_peer(stream_id) || !is_idle(stream_id)) {
            frame_without_stream(stream_id, true);
            return nullptr;
        }
        return open_stream(stream_id);
    }

    stream_type* open_stream(std::int32_t stream_id) noexcept {
        if constexpr (Role::is_client) {
            return nullptr;
        } else {
            this->highest_peer_id_ = stream_id;
            const std::optional<std::uint8_t> urgency = idle_priorities_.open(stream_id);
            if (stream_id > this->last_taken_id_) return nullptr; // RFC 9113 §6.8
            // RFC 9113 §5.1.2 (R98), §8.7 (R90): the application hears nothing of it
            if (this->streams_by_id_.size() >= this->options().max_streams) {
                this->refuse_stream(stream_id, http2_error::refused_stream);
                return nullptr;
            }
            stream_type* const at = this->begin_request(stream_id);
            entry* const made = at == nullptr ? nullptr : this->enter(*at, stream_id);
            if (made == nullptr) return this->out_of_memory_ = true, nullptr;
            section_prioritized_ = urgency.has_value();
            if (urgency) this->turns_.set_urgency(*made, *urgency);
            return at;
        }
    }

    // RFC 9218 §7: PRIORITY_UPDATE overrides the field.
    void note_priority(const stream_type& at, std::string_view value) noexcept {
        if (section_prioritized_) return;
        if (entry* const of = this->streams_by_id_.find(at.stream_id))
            this->turns_.set_urgency(*of, urgency_of(value, of->urgency));
    }

    hpack_decoder decoder_;
    growing_array<std::byte> block_; // of a section in several frames
    std::uint64_t section_name_ = 0; // the stream that it is for; 0: nobody's
    std::int32_t section_stream_id_ = 0;
    std::uint32_t continuations_ = 0;
    bool section_open_ = false; // CONTINUATION must follow
    bool section_ends_stream_ = false;
    bool section_prioritized_ = false; // its stream was, by PRIORITY_UPDATE
};

} // namespace h2ws::http2
