// Several WebSockets of our client on one connection, driven by lines of standard input, for what
// `h2ws connect` with its single WebSocket cannot show.
//
//   tunnels HOST PORT AUTHORITY_CERTIFICATE|cleartext end-with-end-stream|end-with-reset
//
//   open NAME PATH [SUBPROTOCOLS]                  opened NAME STATUS [SUBPROTOCOL]
//   send NAME text|binary first|next|last HEX      refused NAME STATUS
//   close NAME CODE                                message NAME text|binary [HEX]
//   reset NAME                                     close NAME CODE
//                                                  closed NAME ERROR HTTP2_ERROR
// The end of the input shuts the connection down:  ended ERROR
#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/message_buffer.hpp>
#include <h2ws/system_entropy.hpp>

#include <asio.hpp>
#include <engine.hpp>

#include <charconv>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

namespace {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

std::vector<std::byte> from_hex(const std::string& digits) {
    std::vector<std::byte> bytes(digits.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        unsigned value = 0;
        std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, value, 16);
        bytes[i] = static_cast<std::byte>(value);
    }
    return bytes;
}

std::string to_hex(h2ws::const_bytes bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::byte octet : bytes) {
        text += digits[std::to_integer<std::size_t>(octet) / 16];
        text += digits[std::to_integer<std::size_t>(octet) % 16];
    }
    return text;
}

template <class... Words>
void say(const Words&... words) {
    std::size_t count = 0;
    ((std::cout << (count++ == 0 ? "" : " ") << words), ...);
    std::cout << std::endl;
}

struct options {
    std::string host, port, authority_certificate;
    bool end_with_reset;

    bool cleartext() const { return authority_certificate == "cleartext"; }
};

template <class Connection>
class tunnels {
public:
    tunnels(Connection& connection, const options& chosen)
        : connection_(connection),
          options_(chosen) {}

    // One line of the input.
    void obey(const std::string& line) {
        std::istringstream words(line);
        std::string command, name;
        words >> command >> name;
        if (command == "open") return open(name, words);
        const h2ws::tunnel_id tunnel = by_name_.at(name);
        const auto done = command == "send"    ? send(tunnel, words)
                          : command == "close" ? close(tunnel, words)
                                               : reset(tunnel);
        if (!done) say("failed", name, info(done.error()).name);
    }

    void handle(const h2ws::stream_event& happened) {
        std::visit([this](const auto& what) { this->on(what); }, happened);
    }

private:
    struct state {
        std::string name;
        h2ws::message_buffer message;
    };

    void open(const std::string& name, std::istringstream& words) {
        std::string path, subprotocols;
        words >> path;
        std::getline(words >> std::ws, subprotocols);
        const std::string authority = options_.host + ":" + options_.port;
        const auto opened =
            connection_.session().open({.scheme = options_.cleartext() ? "http" : "https",
                                        .authority = authority,
                                        .path = path,
                                        .subprotocols = subprotocols},
                                       h2ws::asio::now());
        if (!opened) return say("failed", name, info(opened.error()).name);
        by_name_[name] = *opened;
        states_[*opened].name = name;
    }

    h2ws::result<void> send(h2ws::tunnel_id tunnel, std::istringstream& words) {
        std::string type, part, hex;
        words >> type >> part >> hex;
        // The session makes continuations of what follows a piece that was not the last.
        return connection_.session().send(
            tunnel, type == "text" ? h2ws::opcode::text : h2ws::opcode::binary, from_hex(hex),
            h2ws::asio::now(), part == "last");
    }

    h2ws::result<void> close(h2ws::tunnel_id tunnel, std::istringstream& words) {
        std::uint16_t code = 0;
        words >> code;
        return connection_.session().send_close(tunnel, h2ws::status_code{code}, "",
                                                h2ws::asio::now());
    }

    h2ws::result<void> reset(h2ws::tunnel_id tunnel) {
        return connection_.session().reset(tunnel, h2ws::http2_error::cancel, h2ws::asio::now());
    }

    void on(const h2ws::tunnel_opened& opened) {
        const auto& response = *opened.response;
        say("opened", states_[opened.tunnel].name, response.status, response.subprotocol);
    }

    void on(const h2ws::tunnel_refused& refused) {
        say("refused", states_[refused.tunnel].name, refused.status);
    }

    void on(const h2ws::tunnel_event& happened) {
        state& which = states_[happened.tunnel];
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&happened.what)) {
            const auto whole = which.message.add(*chunk);
            connection_.session().consume(happened.tunnel, happened.wire_bytes);
            if (whole && *whole)
                say("message", which.name, chunk->type == h2ws::opcode::text ? "text" : "binary",
                    to_hex(which.message.bytes()));
        } else if (const auto* close = std::get_if<h2ws::close_frame>(&happened.what)) {
            say("close", which.name, static_cast<std::uint16_t>(close->code));
        } else if (const auto* last = std::get_if<h2ws::closed>(&happened.what)) {
            say("closed", which.name, info(last->error).name, name(last->stream_error));
        }
    }

    void on(const h2ws::connection_ended& end) { say("ended", info(end.error).name); }

    void on(const auto&) {}

    Connection& connection_;
    const options& options_;
    std::map<std::string, h2ws::tunnel_id> by_name_;
    std::map<h2ws::tunnel_id, state> states_;
};

template <class Connection>
awaitable<void> obey_input(std::shared_ptr<Connection> connection,
                           std::shared_ptr<tunnels<Connection>> all) {
    asio::posix::stream_descriptor input(connection->get_executor(), ::dup(0));
    std::string text;
    std::error_code error;
    for (;;) {
        const std::size_t size = co_await asio::async_read_until(
            input, asio::dynamic_buffer(text), '\n', asio::redirect_error(use_awaitable, error));
        if (error) break;
        all->obey(text.substr(0, size - 1));
        text.erase(0, size);
        connection->wake();
    }
    connection->session().shutdown(h2ws::asio::now());
    connection->wake();
}

template <class Stream>
awaitable<void> converse(Stream stream, const options& chosen) {
    using connection_type = h2ws::asio::connection<engine::client, Stream>;
    h2ws::system_entropy entropy;
    h2ws::session_options session;
    session.end_with_reset = chosen.end_with_reset;
    const auto connected = std::make_shared<connection_type>(
        std::move(stream), h2ws::client{entropy.source()}, session);
    const auto all = std::make_shared<tunnels<connection_type>>(*connected, chosen);
    co_spawn(connected->get_executor(), obey_input(connected, all), asio::detached);
    // Named, because g++ 12 destroys a temporary in the operand of co_await twice.
    const auto handle = [all](connection_type&, const h2ws::stream_event& happened) {
        all->handle(happened);
    };
    std::error_code ignored; // told as connection_ended
    co_await h2ws::asio::connect(connected, handle, asio::redirect_error(use_awaitable, ignored));
}

awaitable<void> run(const options& chosen) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    tcp::resolver resolver(executor);
    const auto found = co_await resolver.async_resolve(chosen.host, chosen.port, use_awaitable);
    co_await asio::async_connect(socket, found, use_awaitable);
    if (chosen.cleartext()) {
        co_await converse(std::move(socket), chosen);
        co_return;
    }
    asio::ssl::context context = h2ws::asio::client_tls_context();
    context.load_verify_file(chosen.authority_certificate);
    h2ws::asio::tls_stream stream(std::move(socket), context);
    h2ws::asio::expect_server(stream, chosen.host);
    co_await stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
    if (!h2ws::asio::speaks_h2(stream)) throw std::runtime_error("ALPN did not choose h2");
    co_await converse(std::move(stream), chosen);
}

} // namespace

int main(int count, char** arguments) {
    if (count != 5) return 2;
    const options chosen{arguments[1], arguments[2], arguments[3],
                         std::string_view(arguments[4]) == "end-with-reset"};
    asio::io_context io(1);
    std::exception_ptr thrown;
    co_spawn(io, run(chosen), [&](std::exception_ptr reason) {
        thrown = reason;
        io.stop();
    });
    io.run();
    try {
        if (thrown) std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
