#include "../catch.hpp"
#include "streams.hpp"

#include <asio/experimental/deferred.hpp>

#include <array>
#include <functional>
#include <future>

using namespace streams;
using h2ws::opcode;
using h2ws::status_code;

// Its views are of its own memory, which only a move takes along.
static_assert(!std::is_copy_constructible_v<h2ws::asio::kept_request>);
static_assert(std::is_nothrow_move_constructible_v<h2ws::asio::kept_request>);

namespace {

// With the client's, then the server's end of a websocket; one type for all, which take less to
// compile.
using body_type = std::function<awaitable<void>(client_stream, server_stream)>;

// A websocket and its server's end; `body` of both, then the connection ends.
void with_streams(pair& ends, const body_type& body) {
    ends.run_ends();
    bool whole = false;
    auto served = [&]() -> awaitable<server_stream> {
        auto offer = co_await ends.server->async_accept(use_awaitable);
        co_return co_await offer.async_accept(use_awaitable);
    };
    asio::co_spawn(
        ends.context,
        [&]() -> awaitable<void> {
            std::optional<server_stream> far;
            asio::co_spawn(ends.context, served(), [&](std::exception_ptr, server_stream made) {
                far.emplace(std::move(made));
            });
            auto near = co_await ends.client->async_open(chat(), use_awaitable);
            co_await body(std::move(near), std::move(*far));
            whole = true;
            ends.client->shutdown();
        },
        [](std::exception_ptr thrown) { CHECK(name_of(thrown) == "none"); });
    ends.context.run();
    CHECK(whole);
    CHECK(ends.client_ended == std::error_code());
    CHECK(ends.server_ended == std::error_code());
}

void with_streams(const body_type& body) {
    pair ends;
    with_streams(ends, body);
}

std::string text_of(const std::string& buffer, std::size_t size) { return buffer.substr(0, size); }

} // namespace

TEST_CASE("a coroutine for each websocket echoes, and both sides end in order", "[asio]") {
    const std::size_t size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{3'000'000});
    pair ends;
    ends.run_ends();
    strings log, served;
    const strings messages{std::string(size, 'x'), "again"};
    ends.spawn(serve(*ends.server, &served));
    asio::co_spawn(
        ends.context,
        [&]() -> awaitable<void> {
            auto socket = co_await ends.client->async_open(chat(), use_awaitable);
            CHECK(socket.stream_id() == 1);
            log.push_back(co_await talk(std::move(socket), messages));
            ends.client->shutdown();
        },
        asio::detached);
    ends.context.run();
    CHECK(log == strings{"none"});
    CHECK(served == strings{"eof"});
    CHECK(ends.server_ended == std::error_code());
    CHECK(ends.client_ended == std::error_code());
}

TEST_CASE("many websockets of one connection talk at the same time", "[asio]") {
    pair ends;
    ends.run_ends();
    strings log, served;
    ends.spawn(serve(*ends.server, &served));
    std::size_t left = 60; // fewer than the server lets wait at a time
    for (std::size_t i = 0; i < 60; ++i)
        asio::co_spawn(
            ends.context,
            [&, i]() -> awaitable<void> {
                auto socket = co_await ends.client->async_open(chat(), use_awaitable);
                strings messages;
                for (std::size_t n = 0; n < 10; ++n)
                    messages.push_back(std::to_string(i) + ' ' + std::string(n * 1'000, 'm'));
                log.push_back(co_await talk(std::move(socket), std::move(messages)));
            },
            [&](std::exception_ptr thrown) {
                CHECK(name_of(thrown) == "none");
                if (--left == 0) ends.client->shutdown();
            });
    ends.context.run();
    CHECK(log == strings(60, "none"));
    CHECK(served == strings(60, "eof"));
}

TEST_CASE("read_some gives pieces of one message, with its type, beginning and end", "[asio]") {
    with_streams([](client_stream near, server_stream far) -> awaitable<void> {
        co_await near.async_write(opcode::text, asio::buffer("hello ", 6), false, use_awaitable);
        co_await near.async_write(opcode::text, asio::buffer("world", 5), true, use_awaitable);
        co_await near.async_write(opcode::binary, asio::buffer("", 0), use_awaitable);
        std::string buffer(4, '-');
        std::string joined;
        h2ws::asio::message_part part;
        int pieces = 0;
        do {
            part = co_await far.async_read_some(asio::buffer(buffer), use_awaitable);
            CHECK(part.type == opcode::text);
            CHECK(part.first == (pieces++ == 0));
            joined += text_of(buffer, part.size);
        } while (!part.last);
        CHECK(joined == "hello world");
        CHECK(pieces >= 3);
        part = co_await far.async_read_some(asio::buffer(buffer), use_awaitable);
        CHECK(part.type == opcode::binary);
        CHECK(part.size == 0);
        CHECK(part.first);
        CHECK(part.last);
        co_await near.async_close(use_awaitable);
    });
}

TEST_CASE("a whole message is added to the buffer, up to its size and not beyond", "[asio]") {
    const bool waits = GENERATE(false, true); // the reader, or the message
    with_streams([waits](client_stream near, server_stream far) -> awaitable<void> {
        std::string kept = "> ";
        std::optional<std::pair<std::error_code, h2ws::asio::message_part>> first;
        const auto read = [&] {
            far.async_read(asio::dynamic_buffer(kept, 6),
                           [&](std::error_code error, h2ws::asio::message_part part) {
                               first.emplace(error, part);
                           });
        };
        if (waits) read();
        co_await near.async_write(opcode::text, asio::buffer("0123456789", 10), use_awaitable);
        co_await near.async_write(opcode::text, asio::buffer("next", 4), use_awaitable);
        if (!waits) {
            std::string echo;
            co_await far.async_write(opcode::text, asio::buffer("sync", 4), use_awaitable);
            co_await near.async_read(asio::dynamic_buffer(echo), use_awaitable);
            read();
        }
        while (!first) co_await asio::post(use_awaitable);
        CHECK(name_of(first->first) == "buffer_too_small");
        CHECK(first->second.size == 4);
        CHECK(first->second.first);
        CHECK_FALSE(first->second.last);
        CHECK(kept == "> 0123");
        std::string rest;
        const auto part = co_await far.async_read(asio::dynamic_buffer(rest), use_awaitable);
        CHECK(rest == "456789");
        CHECK_FALSE(part.first);
        CHECK(part.last);
        rest.clear();
        co_await far.async_read(asio::dynamic_buffer(rest), use_awaitable);
        CHECK(rest == "next");
        co_await near.async_close(use_awaitable);
    });
}

TEST_CASE("what is not read is not credited: the sender is held by the window", "[asio][R117]") {
    pair ends({}, [] {
        h2ws::session_options options;
        options.max_queued = 100'000;
        return options;
    }());
    with_streams(ends, [&](client_stream near, server_stream far) -> awaitable<void> {
        const std::string message(10'000, 'm');
        std::size_t written = 0;
        while (true) {
            bool done = false;
            near.async_write(opcode::binary, asio::buffer(message), [&](std::error_code error) {
                CHECK_FALSE(error);
                done = true;
                ++written;
            });
            for (int turns = 0; turns < 100 && !done; ++turns) co_await asio::post(use_awaitable);
            if (!done) break;
        }
        // The window's 65,535 octets, what is queued, and what was begun.
        CHECK(written * message.size() > 100'000);
        CHECK(written * message.size() <= 65'535 + 100'000);
        const std::size_t before = written;
        for (std::size_t i = 0; i <= before; ++i) { // the last is that which waits
            std::string got;
            co_await far.async_read(asio::dynamic_buffer(got), use_awaitable);
            CHECK(got == message);
        }
        CHECK(written == before + 1);
        co_await near.async_close(use_awaitable);
    });
}

TEST_CASE("the end tells the code and the reason of the peer's Close", "[asio][R205]") {
    with_streams([](client_stream near, server_stream far) -> awaitable<void> {
        std::string nothing;
        far.async_close(static_cast<status_code>(4001), "enough",
                        [](std::error_code error) { CHECK_FALSE(error); });
        const auto [error, part] = co_await near.async_read(asio::dynamic_buffer(nothing), tuple);
        CHECK(name_of(error) == "eof");
        CHECK(part.size == 0);
        CHECK(static_cast<unsigned>(near.close_code()) == 4001);
        CHECK(near.close_reason() == "enough");
        const auto [again] = co_await near.async_close(tuple);
        CHECK(name_of(again) == "none"); // it only waited
        const auto [late] = co_await near.async_write(opcode::text, asio::buffer("x", 1), tuple);
        CHECK(name_of(late) == "not_open");
        const auto [pinged] = co_await near.async_ping(asio::buffer("x", 1), tuple);
        CHECK(name_of(pinged) == "not_open");
    });
}

TEST_CASE("closing drops what was not read, and what still comes", "[asio]") {
    with_streams([](client_stream near, server_stream far) -> awaitable<void> {
        const std::string much(60'000, 'm');
        for (int i = 0; i < 5; ++i) // more than a window: without credit the Close would not come
            near.async_write(opcode::binary, asio::buffer(much), asio::detached);
        std::string some(10, '-');
        co_await far.async_read_some(asio::buffer(some), use_awaitable);
        const auto [error] = co_await far.async_close(tuple);
        CHECK(name_of(error) == "none");
        const auto [end, part] = co_await far.async_read_some(asio::buffer(some), tuple);
        CHECK(name_of(end) == "eof");
        CHECK(part.size == 0);
    });
}

TEST_CASE("one read, one write and one close at a time; a second one is told so", "[asio]") {
    pair ends({}, [] {
        h2ws::session_options options;
        options.max_queued = 10;
        return options;
    }());
    with_streams(ends, [](client_stream near, server_stream far) -> awaitable<void> {
        std::string buffer(100, '-');
        const std::string much(100'000, 'm');
        std::optional<std::string> first;
        near.async_read_some(asio::buffer(buffer),
                             [&](std::error_code error, auto) { first = name_of(error); });
        const auto [read, part] = co_await near.async_read_some(asio::buffer(buffer), tuple);
        CHECK(name_of(read) == "already_started");
        CHECK_FALSE(first);
        near.async_write(opcode::binary, asio::buffer(much), asio::detached);
        std::optional<std::string> second;
        near.async_write(opcode::binary, asio::buffer(much),
                         [&](std::error_code error) { second = name_of(error); });
        const auto [third] = co_await near.async_write(opcode::binary, asio::buffer(much), tuple);
        CHECK(name_of(third) == "already_started");
        CHECK_FALSE(second);
        near.async_close([&](std::error_code error) { CHECK_FALSE(error); });
        const auto [closed] = co_await near.async_close(tuple);
        CHECK(name_of(closed) == "already_started");
        co_await far.async_close(use_awaitable);
        CHECK(first == "eof");
        CHECK(second == "not_open"); // the Close has overtaken it
    });
}

TEST_CASE("an offer shows the request and is accepted with a subprotocol, or refused", "[asio]") {
    pair ends;
    ends.run_ends();
    const auto server = [&]() -> awaitable<void> {
        auto first = co_await ends.server->async_accept(use_awaitable);
        auto offer = std::move(first);
        CHECK_FALSE(static_cast<bool>(first));
        CHECK(offer.request().path == "/a?b");
        CHECK(offer.request().authority == "localhost");
        CHECK(offer.request().find("x-colour") == "blue");
        CHECK(offer.request().offered_subprotocols().contains("superchat"));
        auto socket = co_await offer.async_accept({.subprotocol = "superchat"}, use_awaitable);
        CHECK(socket.subprotocol() == "superchat");
        const auto [twice, none] = co_await offer.async_accept(tuple);
        CHECK(name_of(twice) == "not_open");
        auto next = co_await ends.server->async_accept(use_awaitable);
        co_await next.async_refuse(403, {}, "not you", use_awaitable);
        { auto unanswered = co_await ends.server->async_accept(use_awaitable); }
        auto wrong = co_await ends.server->async_accept(use_awaitable);
        const auto [error, nothing] = co_await wrong.async_accept({.subprotocol = "x"}, tuple);
        CHECK(name_of(error) == "subprotocol_not_offered");
        co_await wrong.async_refuse(400, use_awaitable);
        const auto [end, over] = co_await ends.server->async_accept(tuple);
        CHECK(name_of(end) == "eof");
        const auto [still, gone] = co_await ends.server->async_accept(tuple);
        CHECK(name_of(still) == "eof");
    };
    const auto client = [&]() -> awaitable<void> {
        const h2ws::field colour{"x-colour", "blue"};
        h2ws::connect_request wanted = chat("/a?b");
        wanted.subprotocols = "chat, superchat";
        wanted.fields = {&colour, 1};
        auto socket = co_await ends.client->async_open(wanted, use_awaitable);
        CHECK(socket.subprotocol() == "superchat");
        const auto [refused, none] = co_await ends.client->async_open(chat(), tuple);
        CHECK(name_of(refused) == "status_not_2xx");
        CHECK(none.refusal().status == 403);
        CHECK(none.refusal().body == "not you");
        const auto [dropped, nothing] = co_await ends.client->async_open(chat(), tuple);
        CHECK(nothing.refusal().status == 503);
        const auto [last, no_stream] = co_await ends.client->async_open(chat(), tuple);
        CHECK(no_stream.refusal().status == 400);
        co_await socket.async_close(use_awaitable);
        ends.client->shutdown();
    };
    int done = 0;
    for (const bool is_server : {true, false})
        asio::co_spawn(ends.context, is_server ? server() : client(),
                       [&](std::exception_ptr thrown) {
                           CHECK(name_of(thrown) == "none");
                           ++done;
                       });
    ends.context.run();
    CHECK(done == 2);
}

TEST_CASE("ordinary requests on such a connection get a 404, or the application's answer",
          "[asio]") {
    const bool handled = GENERATE(false, true);
    asio::io_context context;
    local_socket near(context), far(context);
    asio::local::connect_pair(near, far);
    server_end<> server(std::move(far), h2ws::server{}, accepting());
    if (handled)
        server.async_run(
            [](auto& at, const h2ws::stream_event& happened) {
                if (const auto* asked = std::get_if<h2ws::request_received>(&happened))
                    CHECK(at.session().respond(asked->request, 200, {}, h2ws::as_bytes("page"),
                                               h2ws::asio::now()));
            },
            asio::detached);
    else
        server.async_run(asio::detached);
    h2ws::system_entropy entropy;
    client_end<> client(std::move(near), h2ws::client{entropy.source()});
    const std::array<h2ws::field, 4> fields{
        h2ws::field{":method", "GET"}, h2ws::field{":scheme", "http"},
        h2ws::field{":authority", "localhost"}, h2ws::field{":path", "/"}};
    REQUIRE(client.session().request(fields, true, h2ws::asio::now()));
    std::uint16_t status = 0;
    client.async_run(
        [&](auto& at, const h2ws::stream_event& happened) {
            if (const auto* answer = std::get_if<h2ws::response_received>(&happened)) {
                status = answer->head->status;
                at.session().shutdown(h2ws::asio::now());
            }
        },
        [](std::error_code error) { CHECK_FALSE(error); });
    context.run();
    CHECK(status == (handled ? 200 : 404));
}

TEST_CASE("any completion token serves: futures, callbacks, deferred operations", "[asio]") {
    pair ends;
    ends.run_ends();
    ends.spawn(serve(*ends.server));
    auto opening = ends.client->async_open(chat(), asio::use_future);
    while (opening.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
        REQUIRE(ends.context.run_one() == 1);
    client_stream socket = opening.get();
    std::string echoed;
    std::future<void> written =
        socket.async_write(opcode::text, asio::buffer("hello", 5), asio::use_future);
    auto later = socket.async_read(asio::dynamic_buffer(echoed), asio::experimental::deferred);
    ends.context.poll();
    CHECK_NOTHROW(written.get());
    CHECK(echoed.empty()); // deferred: it has not begun
    bool read = false;
    std::move(later)([&](std::error_code error, h2ws::asio::message_part part) {
        CHECK_FALSE(error);
        CHECK(part.size == 5);
        read = true;
        socket.async_close([&](std::error_code failed) {
            CHECK_FALSE(failed);
            ends.client->shutdown();
        });
    });
    CHECK_FALSE(read);
    ends.context.run();
    CHECK(read);
    CHECK(echoed == "hello");
}

namespace {

// Counts what is allocated through it.
template <class T>
struct counting_allocator {
    using value_type = T;
    std::size_t* live;
    std::size_t* made;

    template <class U>
    counting_allocator(const counting_allocator<U>& other) : live(other.live),
                                                             made(other.made) {}
    counting_allocator(std::size_t* now, std::size_t* all) : live(now), made(all) {}

    T* allocate(std::size_t n) {
        ++*live;
        ++*made;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* at, std::size_t n) {
        --*live;
        std::allocator<T>().deallocate(at, n);
    }
    friend bool operator==(const counting_allocator&, const counting_allocator&) = default;
};

struct associated {
    using executor_type = asio::io_context::executor_type;
    using allocator_type = counting_allocator<int>;
    executor_type executor;
    allocator_type allocator;
    std::function<void()> then;

    executor_type get_executor() const noexcept { return executor; }
    allocator_type get_allocator() const noexcept { return allocator; }
    template <class... Results>
    void operator()(std::error_code error, Results...) {
        CHECK_FALSE(error);
        then();
    }
};

} // namespace

TEST_CASE("a handler runs on its executor and waits in memory of its allocator", "[asio]") {
    pair ends;
    ends.run_ends();
    ends.spawn(serve(*ends.server));
    asio::io_context other;
    std::optional<client_stream> socket;
    ends.client->async_open(chat(),
                            [&](std::error_code, client_stream made) { socket = std::move(made); });
    while (!socket) REQUIRE(ends.context.run_one() == 1);

    std::size_t live = 0, made = 0;
    bool told = false;
    char octet = 0;
    socket->async_read_some(asio::buffer(&octet, 1),
                            associated{other.get_executor(), {&live, &made}, [&] {
                                           CHECK(live == 0); // given back before
                                           CHECK(other.get_executor().running_in_this_thread());
                                           told = true;
                                       }});
    CHECK(live == 1);
    socket->async_write(opcode::text, asio::buffer("x", 1), asio::detached);
    while (other.poll() == 0) REQUIRE(ends.context.run_one() == 1);
    CHECK(told);
    CHECK(made >= 2); // while it waited, and on its way to its executor
    CHECK(octet == 'x');
    CHECK(live == 0);
}

TEST_CASE("a handler is not called inside the function that starts its operation", "[asio]") {
    with_streams([](client_stream near, server_stream far) -> awaitable<void> {
        co_await near.async_write(opcode::text, asio::buffer("abc", 3), use_awaitable);
        std::string buffer(3, '-');
        co_await far.async_read_some(asio::buffer(buffer.data(), 1), use_awaitable);
        bool called = false;
        far.async_read_some(asio::buffer(buffer), [&](std::error_code, auto) { called = true; });
        CHECK_FALSE(called);
        while (!called) co_await asio::post(use_awaitable);
        CHECK(buffer.starts_with("bc"));
        co_await near.async_close(use_awaitable);
    });
}

TEST_CASE("a broken rule ends a stream with its errc, and the others go on", "[asio][R163]") {
    pair ends;
    with_streams(ends, [&](client_stream near, server_stream far) -> awaitable<void> {
        const auto [bad] = co_await near.async_write(opcode::text, asio::buffer("\xff", 1), tuple);
        CHECK(name_of(bad) == "none");
        std::string text;
        const auto [error, part] = co_await far.async_read(asio::dynamic_buffer(text), tuple);
        CHECK(name_of(error) == "text_not_utf8");
        const auto [end, none] = co_await near.async_read(asio::dynamic_buffer(text), tuple);
        CHECK(name_of(end) == "eof"); // it answers the server's Close: both have closed
        CHECK(near.close_code() == status_code::invalid_payload_data);
        auto offered = ends.server->async_accept(asio::use_future);
        ends.client->async_open(chat(), asio::detached); // whose stream is dropped at once
        while (offered.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
            co_await asio::post(use_awaitable);
        CHECK(offered.get().request().path == "/chat");
    });
}
