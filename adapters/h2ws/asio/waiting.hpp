// A completion handler that waits for its results, whatever its type: completed exactly once, or
// destroyed with whoever holds it.
#pragma once

#include <asio.hpp>

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace h2ws::asio {

// A handler on its way to its executor, with what it is to be told and what lives until it has run.
template <class Handler, class... Results>
class completion {
public:
    using allocator_type = ::asio::associated_allocator_t<Handler>;

    completion(Handler handler, std::tuple<Results...> results, std::shared_ptr<const void> kept)
        : kept_(std::move(kept)),
          handler_(std::move(handler)),
          results_(std::move(results)) {}

    allocator_type get_allocator() const noexcept {
        return ::asio::get_associated_allocator(handler_);
    }

    void operator()() {
        // There is nothing left to cancel.
        auto slot = ::asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.clear();
        std::apply(std::move(handler_), std::move(results_));
    }

private:
    std::shared_ptr<const void> kept_; // destroyed after the handler
    Handler handler_;
    std::tuple<Results...> results_;
};

template <class... Results>
class waiting {
public:
    waiting() = default;

    // Its memory is the handler's allocator's; its executor, or `fallback` where it has none, is
    // kept at work until it has completed.
    template <class Handler, class Executor>
    waiting(Handler handler, const Executor& fallback)
        : handler_(holder<Handler, Executor>::make(std::move(handler), fallback)) {}

    explicit operator bool() const noexcept { return handler_ != nullptr; }

    // Posts the handler to its executor: it never runs before this returns. Nothing waits any more.
    void complete(Results... results) { complete_keeping({}, std::move(results)...); }

    // `kept` lives until the handler has run, unless that runs in another execution context than
    // the fallback's, which may be gone by then.
    void complete_keeping(std::shared_ptr<const void> kept, Results... results) {
        if (handler_ != nullptr)
            handler_.release()->complete(std::move(kept), std::move(results)...);
    }

private:
    class base {
    public:
        virtual void complete(std::shared_ptr<const void> kept, Results... results) = 0;
        virtual void destroy() noexcept = 0;

    protected:
        ~base() = default;
    };

    template <class Handler, class Executor>
    class holder final : public base {
        using memory = typename std::allocator_traits<
            ::asio::associated_allocator_t<Handler>>::template rebind_alloc<holder>;
        using executor = ::asio::associated_executor_t<Handler, Executor>;

    public:
        static base* make(Handler handler, const Executor& fallback) {
            memory from(::asio::get_associated_allocator(handler));
            holder* const at = std::allocator_traits<memory>::allocate(from, 1);
            return std::construct_at(at, std::move(handler), fallback); // its moves do not throw
        }

        holder(Handler handler, const Executor& fallback)
            : handler_(std::move(handler)),
              work_(::asio::get_associated_executor(handler_, fallback)),
              is_at_home_(same_context(work_.get_executor(), fallback)) {}

        // The memory is given back before the handler runs: it may start the next operation in it.
        void complete(std::shared_ptr<const void> kept, Results... results) override {
            completion<Handler, Results...> call(std::move(handler_),
                                                 std::tuple<Results...>(std::move(results)...),
                                                 is_at_home_ ? std::move(kept) : nullptr);
            auto work = std::move(work_);
            give_back(call.get_allocator());
            ::asio::post(work.get_executor(), std::move(call));
        }

        // A handler may own what it waits for: it is destroyed after the memory it lay in.
        void destroy() noexcept override {
            const Handler handler = std::move(handler_);
            give_back(::asio::get_associated_allocator(handler));
        }

    private:
        void give_back(memory to) noexcept {
            std::destroy_at(this);
            std::allocator_traits<memory>::deallocate(to, this, 1);
        }

        template <class One, class Other>
        static bool same_context(const One& one, const Other& other) {
            if constexpr (requires { ::asio::query(one, ::asio::execution::context); })
                return &::asio::query(one, ::asio::execution::context) ==
                       &::asio::query(other, ::asio::execution::context);
            else
                return false;
        }

        Handler handler_;
        ::asio::executor_work_guard<executor> work_;
        bool is_at_home_;
    };

    struct destroyer {
        void operator()(base* at) const noexcept { at->destroy(); }
    };

    std::unique_ptr<base, destroyer> handler_;
};

} // namespace h2ws::asio
