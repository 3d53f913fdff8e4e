// Sessions on nghttp2 when memory runs out, nghttp2's own included: it takes that from malloc, and
// here from where the session's comes from.
#include "model.hpp"

#include "../scarce_memory.hpp"

#include <cstddef>
#include <cstring>
#include <new>

using model = nghttp2_model;

namespace {

// Whose memory a new session of nghttp2 takes; null: malloc's.
scarce_memory* of_servers = nullptr;
scarce_memory* of_clients = nullptr;

// nghttp2 does not say how much it gives back: the size stands in front of each block.
struct alignas(std::max_align_t) block {
    std::size_t size; // behind it
};

void* allocate(std::size_t size, void* user) noexcept {
    const h2ws::allocator from = static_cast<scarce_memory*>(user)->policy();
    void* const place = from.allocate(from.state, sizeof(block) + size);
    return place == nullptr ? nullptr : new (place) block{size} + 1;
}

void release(void* memory, void* user) noexcept {
    if (memory == nullptr) return;
    block* const place = static_cast<block*>(memory) - 1;
    const h2ws::allocator from = static_cast<scarce_memory*>(user)->policy();
    from.release(from.state, place, sizeof(block) + place->size);
}

void* allocate_zeros(std::size_t count, std::size_t size, void* user) noexcept {
    void* const made = allocate(count * size, user);
    return made == nullptr ? nullptr : std::memset(made, 0, count * size);
}

void* reallocate(void* memory, std::size_t size, void* user) noexcept {
    void* const made = allocate(size, user);
    if (made == nullptr || memory == nullptr) return made;
    const std::size_t old = (static_cast<block*>(memory) - 1)->size;
    std::memcpy(made, memory, old < size ? old : size);
    release(memory, user);
    return made;
}

nghttp2_mem memory_of(scarce_memory& from) noexcept {
    return {&from, allocate, release, allocate_zeros, reallocate};
}

} // namespace

// In the place of nghttp2's, which these call with other memory.
extern "C" {
int nghttp2_session_server_new2(nghttp2_session** session,
                                const nghttp2_session_callbacks* callbacks, void* user,
                                const nghttp2_option* option) {
    if (of_servers == nullptr)
        return nghttp2_session_server_new3(session, callbacks, user, option, nullptr);
    nghttp2_mem memory = memory_of(*of_servers);
    return nghttp2_session_server_new3(session, callbacks, user, option, &memory);
}

int nghttp2_session_client_new2(nghttp2_session** session,
                                const nghttp2_session_callbacks* callbacks, void* user,
                                const nghttp2_option* option) {
    if (of_clients == nullptr)
        return nghttp2_session_client_new3(session, callbacks, user, option, nullptr);
    nghttp2_mem memory = memory_of(*of_clients);
    return nghttp2_session_client_new3(session, callbacks, user, option, &memory);
}
}

struct engine_memory {
    engine_memory(bool of_server, scarce_memory& memory) noexcept {
        (of_server ? of_servers : of_clients) = &memory;
    }
    engine_memory(const engine_memory&) = delete;
    engine_memory& operator=(const engine_memory&) = delete;
    ~engine_memory() { of_servers = of_clients = nullptr; }
};

#include "../engine_suite/scarce.hpp"
