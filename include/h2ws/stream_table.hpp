// The streams of one connection, found by names that are never used again.
#pragma once

#include "field_store.hpp"
#include "growing_array.hpp"
#include "stream_event.hpp"
#include "tunnel.hpp"

#include <new>
#include <optional>

namespace h2ws {

// Where a stream stands, whatever it carries.
enum class stream_stage : std::uint8_t {
    held,     // a client's: waits for the server's SETTINGS
    pending,  // the CONNECT, or the ordinary request, has no answer yet
    open,     // a tunnel whose frames flow
    raw,      // a tunnel of another protocol
    answered, // an ordinary response, a refusal too: its body may still be on the way
    over,     // reset by us; what arrives is discarded
    gone,     // the engine has forgotten it
};

template <class Role, class Extension>
struct stream {
    stream(std::uint64_t name, const allocator& memory) noexcept
        : id(name),
          section(memory),
          early(memory),
          output(memory, false) {}

    std::uint64_t id;
    std::int32_t stream_id = 0; // HTTP/2's, 0 until there is one
    stream_stage stage = stream_stage::pending;
    bool is_request = false;       // an ordinary one
    bool is_raw = false;           // a tunnel that was opened for another protocol
    bool told = false;             // the application knows of it
    bool head_sent = false;        // HEADERS have left: a body may follow
    bool end_received = false;     // END_STREAM has come
    bool end_after_output = false; // of a raw tunnel or a body: END_STREAM follows the output
    bool end_sent = false;
    bool reset_after_end = false; // a refusal: RST_STREAM(NO_ERROR) when it has left (S23)
    bool reset_by_peer = false;
    bool early_ready = false;                    // `early` is to be polled
    field_store section;                         // of the request, or of the answer
    std::optional<field_store> response_section; // a client's
    request_head head;                           // views of them
    response_head answer;
    connect_request request;
    connect_response response;
    std::optional<Extension> extension; // for the tunnel to come
    std::optional<tunnel<Role, Extension>> socket;
    message_buffer early; // what came before the answer, or of a refusal's body
    std::size_t early_taken = 0;
    output_queue output;        // of a raw tunnel or a body
    std::size_t uncredited = 0; // delivered and not yet consumed
    instant due = never;        // for the answer
    errc error = errc::none;
    http2_error code = http2_error::no_error;

    // The field section that is being received; empty where none is.
    std::span<const field> received_fields() noexcept {
        if constexpr (Role::is_client)
            return response_section ? response_section->fields() : std::span<const field>{};
        else
            return section.fields();
    }
};

template <class Role, class Extension>
class stream_table {
public:
    using stream_type = stream<Role, Extension>;

    explicit stream_table(const allocator& memory) noexcept : memory_(memory), slots_(memory) {}
    stream_table(const stream_table&) = delete;
    stream_table& operator=(const stream_table&) = delete;
    ~stream_table() {
        for (slot& at : slots_)
            if (at.held != nullptr) destroy(at.held);
    }

    // nullptr: no memory.
    stream_type* insert() noexcept {
        std::size_t index = first_free_;
        if (index == slots_.size() && !slots_.push_back({})) return nullptr;
        void* place = memory_.allocate(memory_.state, sizeof(stream_type));
        if (place == nullptr) return nullptr;
        slot& at = slots_[index];
        first_free_ = at.next_free == 0 ? slots_.size() : at.next_free - 1;
        ++at.generation;
        at.held = new (place) stream_type((std::uint64_t{at.generation} << 32) | index, memory_);
        ++size_;
        return at.held;
    }

    // nullptr when there is no such stream any more.
    stream_type* find(std::uint64_t id) noexcept {
        const auto index = static_cast<std::size_t>(id & 0xffff'ffff);
        if (index >= slots_.size() || slots_[index].generation != id >> 32) return nullptr;
        return slots_[index].held;
    }

    void erase(stream_type& gone) noexcept {
        const auto index = static_cast<std::size_t>(gone.id & 0xffff'ffff);
        destroy(std::exchange(slots_[index].held, nullptr));
        slots_[index].next_free = first_free_ == slots_.size() ? 0 : first_free_ + 1;
        first_free_ = index;
        --size_;
    }

    std::size_t size() const noexcept { return size_; }

    // Calls `visit` for each stream; it may not insert or erase.
    template <class Visit>
    void each(Visit&& visit) noexcept {
        for (slot& at : slots_)
            if (at.held != nullptr) visit(*at.held);
    }

private:
    struct slot {
        stream_type* held = nullptr;
        std::uint32_t generation = 0;
        std::size_t next_free = 0; // index + 1; 0: the end of the list of free slots
    };

    void destroy(stream_type* gone) noexcept {
        gone->~stream_type();
        memory_.release(memory_.state, gone, sizeof(stream_type));
    }

    allocator memory_;
    growing_array<slot> slots_;
    std::size_t first_free_ = 0;
    std::size_t size_ = 0;
};

} // namespace h2ws
