// How an operation begins: in whatever thread, with whatever completion token. It goes on on the
// executor of the connection that it belongs to.
#pragma once

#include "waiting.hpp"

#include <asio.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace h2ws::asio {

// Names an operation, so that a cancellation that comes late cancels no other.
using operation_id = std::uint64_t;

// The initiation of an operation on a `Target` that lives on the executor of `Owner`. Of the owner
// it takes `get_executor` and, from any thread, `next_operation`; of the target, on the executor,
// `cancel(id, type)`, when the handler's cancellation slot is signalled. As for all of Asio, a
// signal is not emitted while its handler runs.
template <class Owner, class Target, class... Results>
class operation {
public:
    using executor_type = typename Owner::executor_type;

    operation(std::shared_ptr<Owner> owner, std::shared_ptr<Target> target)
        : owner_(std::move(owner)),
          target_(std::move(target)) {}

    executor_type get_executor() const { return owner_->get_executor(); }

    // `begin(owner, target, id, waiting)` runs on the executor: at once when we are there.
    template <class Handler, class Begin>
    void operator()(Handler&& handler, Begin begin) const {
        const operation_id id = owner_->next_operation();
        auto slot = ::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.template emplace<canceller>(canceller{owner_, target_, id});
        const executor_type executor = get_executor();
        waiting<Results...> waits(std::decay_t<Handler>(std::forward<Handler>(handler)), executor);
        ::asio::dispatch(executor, [owner = owner_, target = target_, id, begin = std::move(begin),
                                    waits = std::move(waits)]() mutable {
            begin(*owner, *target, id, std::move(waits));
        });
    }

private:
    // It may be signalled when all is over: it keeps nothing alive.
    struct canceller {
        std::weak_ptr<Owner> owner;
        std::weak_ptr<Target> target;
        operation_id id;

        void operator()(::asio::cancellation_type how) const {
            const auto runs_on = owner.lock();
            const auto cancelled = target.lock();
            if (runs_on == nullptr || cancelled == nullptr) return;
            ::asio::dispatch(runs_on->get_executor(), [runs_on, cancelled, number = id, how] {
                cancelled->cancel(number, how);
            });
        }
    };

    std::shared_ptr<Owner> owner_;
    std::shared_ptr<Target> target_;
};

} // namespace h2ws::asio
