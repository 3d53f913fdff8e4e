#include "websocketpp_peer.hpp"

#include <websocketpp/config/core.hpp>
#include <websocketpp/config/core_client.hpp>
#include <websocketpp/processors/hybi13.hpp>

#include <algorithm>
#include <cstdlib>

namespace bench {

using websocketpp::lib::make_shared;

struct websocketpp_receiver::state {
    using config = websocketpp::config::core;

    config::rng_type random;
    websocketpp::processor::hybi13<config> processor{
        false, true, make_shared<config::con_msg_manager_type>(), random};
};

websocketpp_receiver::websocketpp_receiver() : state_(std::make_unique<state>()) {}
websocketpp_receiver::~websocketpp_receiver() = default;

void websocketpp_receiver::receive(void* bytes, std::size_t size, std::size_t slice,
                                   std::size_t& messages, std::size_t& octets) {
    auto* at = static_cast<std::uint8_t*>(bytes);
    websocketpp::lib::error_code error;
    while (size != 0) {
        const std::size_t taken = state_->processor.consume(at, std::min(size, slice), error);
        if (error || taken == 0) return;
        at += taken;
        size -= taken;
        if (!state_->processor.ready()) continue;
        ++messages;
        octets += state_->processor.get_message()->get_payload().size();
    }
}

struct websocketpp_sender::state {
    using config = websocketpp::config::core_client;
    using manager = config::con_msg_manager_type;

    config::rng_type random;
    websocketpp::lib::shared_ptr<manager> messages = make_shared<manager>();
    websocketpp::processor::hybi13<config> processor{false, false, messages, random};
    manager::message_ptr message = messages->get_message();
    manager::message_ptr frame = messages->get_message();
};

websocketpp_sender::websocketpp_sender() : state_(std::make_unique<state>()) {}
websocketpp_sender::~websocketpp_sender() = default;

std::size_t websocketpp_sender::send(const void* payload, std::size_t size) {
    state_->message->set_payload(payload, size);
    state_->message->set_opcode(websocketpp::frame::opcode::binary);
    if (state_->processor.prepare_data_frame(state_->message, state_->frame)) std::abort();
    return state_->frame->get_header().size() + state_->frame->get_payload().size();
}

} // namespace bench
