// Handlers wait here for events of a connection, and may own what they wait for. When the execution
// context goes, they are destroyed with it, as Asio's own objects destroy theirs.
#pragma once

#include <asio.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace h2ws::asio {

// Somebody who holds handlers.
class holds_handlers {
public:
    // The context is going: destroys them all.
    virtual void context_ends() noexcept = 0;

protected:
    ~holds_handlers() = default;
};

// Of an execution context: knows who holds handlers that run there.
class context_end final : public ::asio::execution_context::service {
public:
    static inline ::asio::execution_context::id id;

    explicit context_end(::asio::execution_context& owner)
        : ::asio::execution_context::service(owner) {}

    void add(const std::shared_ptr<holds_handlers>& holder) {
        const std::lock_guard lock(mutex_);
        if (holders_.size() == holders_.capacity()) // before it grows
            std::erase_if(holders_, [](const auto& each) { return each.expired(); });
        holders_.push_back(holder);
    }

private:
    // No other thread uses the context any more.
    void shutdown() override {
        while (!holders_.empty()) {
            const auto holder = holders_.back().lock();
            holders_.pop_back();
            if (holder != nullptr) holder->context_ends();
        }
    }

    std::mutex mutex_;
    std::vector<std::weak_ptr<holds_handlers>> holders_;
};

} // namespace h2ws::asio
